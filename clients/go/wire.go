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
	silence       = 10 * time.Second // after so long without an event the watch is begun anew
)

type sidecar struct {
	url  string
	http *http.Client
}

func newSidecar(address string) (*sidecar, error) {
	parts, err := url.Parse(address)
	if err != nil || parts.Scheme != "http" || parts.Hostname() == "" || strings.Trim(parts.Path, "/") != "" {
		return nil, fmt.Errorf("%q is not an address of a sidecar: give %s", address, DefaultURL)
	}
	// No proxy, no redirects, and a connection for each question: one that is kept may be half open.
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: longestAnswer}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &sidecar{"http://" + parts.Host, &http.Client{Transport: transport, CheckRedirect: stay}}, nil
}

// open sends one request, and gives the answer if it says yes. The status is 0 if there is none.
func (s *sidecar) open(ctx context.Context, method, path, body string) (response *http.Response, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if response, err = s.http.Do(request); err != nil {
		return nil, 0, err
	}
	if status = response.StatusCode; status != http.StatusOK {
		defer response.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		err = fmt.Errorf("%s %s: %d: %s", method, request.URL, status, strings.TrimSpace(string(text)))
	}
	return response, status, err
}

// ask sends one request and gives the body of its answer, within that time. A body that is too long is cut,
// and no document then.
func (s *sidecar) ask(ctx context.Context, within time.Duration, method, path, body string) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	response, status, err := s.open(ctx, method, path, body)
	if err != nil {
		return nil, status, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	return answer, status, err
}

// leader asks for /v1/leader. Nothing may be believed of a document in which anything has the wrong type.
func (s *sidecar) leader(ctx context.Context, within time.Duration) (answer belief.Answer, err error) {
	var document struct {
		Self      *bool
		Name      *string
		Token     uint64
		Remaining *uint64 `json:"remaining_ms"`
	}
	body, _, err := s.ask(ctx, within, http.MethodGet, "/v1/leader", "")
	if err == nil {
		err = json.Unmarshal(body, &document)
	}
	if err != nil {
		return answer, err
	}
	if document.Self == nil || document.Name == nil || document.Remaining == nil {
		return answer, fmt.Errorf("/v1/leader: self, name or remaining_ms is missing")
	}
	if *document.Self {
		answer.Token = document.Token
		if answer.Token == 0 || answer.Token > belief.LargestToken {
			return answer, fmt.Errorf("/v1/leader: %d is not a fencing token", answer.Token)
		}
	}
	remaining := min(*document.Remaining, uint64(time.Hour/time.Millisecond)*24)
	answer.Name, answer.Remaining = *document.Name, time.Duration(remaining)*time.Millisecond
	return answer, nil
}

// watch says when it hears something, the head of the stream or an event, until the stream ends or is
// silent. It gives the status of the answer, 0 if there was none.
func (s *sidecar) watch(ctx context.Context, heard func()) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	response, status, err := s.open(ctx, http.MethodGet, "/v1/watch", "")
	if err != nil {
		return status
	}
	defer response.Body.Close()
	heard()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		silent.Reset(silence)
		if strings.HasPrefix(lines.Text(), "data:") {
			heard()
		}
	}
	return status
}
