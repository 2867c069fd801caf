package hotseat

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hotseat.dev/client/internal/belief"
)

const (
	longestAnswer = 64 << 10         // as long as the lines of a bufio.Scanner may be, with which the watch is read
	silence       = 10 * time.Second // after so long without an event the watch is given up
	rest          = 2 * time.Second  // and after so long without a watch it is begun anew
)

type sidecar struct {
	url       string
	transport *http.Transport
}

func newSidecar(address string) (*sidecar, error) {
	parts, err := url.Parse(address)
	if err != nil || parts.Scheme != "http" || parts.Hostname() == "" || strings.Trim(parts.Path, "/") != "" {
		return nil, fmt.Errorf("%q is not an address of a sidecar: give %s", address, DefaultURL)
	}
	// No proxy, and a connection for each question: one that is kept may be half open.
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: longestAnswer}
	return &sidecar{"http://" + parts.Host, transport}, nil
}

// open sends one request, and gives the answer as soon as it begins; all of it is to come within that time.
func (s *sidecar) open(ctx context.Context, within time.Duration, method, path, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // no redirects
	return (&http.Client{Transport: s.transport, CheckRedirect: stay, Timeout: within}).Do(request)
}

// ask sends one request and gives its answer. The status is 0 if there is none. A body that is too long is
// cut, and no document then.
func (s *sidecar) ask(ctx context.Context, within time.Duration, method, path, body string) (status int, answer []byte, err error) {
	response, err := s.open(ctx, within, method, path, body)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s%s: %d: %.500s", method, s.url, path, response.StatusCode, strings.TrimSpace(string(answer)))
	}
	return response.StatusCode, answer, err
}

// leader asks for /v1/leader. Nothing may be believed of a document in which anything has the wrong type.
func (s *sidecar) leader(ctx context.Context, within time.Duration) (answer belief.Answer, ok bool) {
	var said struct {
		Self      *bool
		Name      *string
		Token     uint64
		Remaining *uint32 `json:"remaining_ms"` // seven weeks, and no answer of a sidecar says more
	}
	_, body, err := s.ask(ctx, within, http.MethodGet, "/v1/leader", "")
	if err != nil || json.Unmarshal(body, &said) != nil || said.Self == nil || said.Name == nil || said.Remaining == nil {
		return answer, false
	}
	answer.Name, answer.Remaining = *said.Name, time.Duration(*said.Remaining)*time.Millisecond
	if *said.Self {
		answer.Token = said.Token
	}
	return answer, !*said.Self || 0 < answer.Token && answer.Token <= belief.LargestToken
}

// watch says when it hears an event, until the stream ends or is silent.
func (s *sidecar) watch(ctx context.Context, heard func()) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(silence, cancel)
	response, err := s.open(ctx, 0, http.MethodGet, "/v1/watch", "")
	if err != nil {
		return
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); silent.Reset(silence) {
		if strings.HasPrefix(lines.Text(), "data:") {
			heard()
		}
	}
}
