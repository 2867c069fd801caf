package hotseat

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hotseat.dev/client/internal/belief"
)

const (
	longestAnswer = 64 << 10
	longestLine   = 64 << 10
)

// refused is an answer with a status that says no.
type refused struct {
	what   string
	status int
	text   string
}

func (r *refused) Error() string { return fmt.Sprintf("%s: %d: %s", r.what, r.status, r.text) }

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
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true,
		DialContext: (&net.Dialer{}).DialContext, MaxResponseHeaderBytes: longestAnswer}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &sidecar{"http://" + parts.Host, &http.Client{Transport: transport, CheckRedirect: stay}}, nil
}

func (s *sidecar) open(ctx context.Context, method, path, kind, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return nil, &refused{method + " " + s.url + path, response.StatusCode, strings.TrimSpace(string(text))}
	}
	return response, nil
}

// ask sends one request and gives its body, within that time.
func (s *sidecar) ask(ctx context.Context, within time.Duration, method, path, kind, body string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	response, err := s.open(ctx, method, path, kind, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer+1))
	if err == nil && len(answer) > longestAnswer {
		err = fmt.Errorf("%s: the answer is longer than %d bytes", path, longestAnswer)
	}
	return answer, err
}

// leader asks for /v1/leader. Nothing may be believed of a document in which anything has the wrong type.
func (s *sidecar) leader(ctx context.Context, within time.Duration) (answer belief.Answer, err error) {
	var document struct {
		Self      *bool
		Name      *string
		Token     *uint64
		Remaining *uint64 `json:"remaining_ms"`
	}
	body, err := s.ask(ctx, within, http.MethodGet, "/v1/leader", "", "")
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return answer, err
	}
	if document.Self == nil || document.Name == nil || document.Remaining == nil {
		return answer, errors.New("/v1/leader: self, name or remaining_ms is missing")
	}
	answer.Leads, answer.Name = *document.Self, *document.Name
	answer.Remaining = time.Duration(min(*document.Remaining, uint64(time.Hour/time.Millisecond)*24)) * time.Millisecond
	if answer.Leads {
		if document.Token == nil || *document.Token == 0 || *document.Token > belief.LargestToken {
			return answer, errors.New("/v1/leader: the token is not a fencing token")
		}
		answer.Token = *document.Token
	}
	return answer, nil
}

// watch rings with each event until the stream ends, or says nothing for silence.
func (s *sidecar) watch(ctx context.Context, silence time.Duration, opened, ring func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	response, err := s.open(ctx, http.MethodGet, "/v1/watch", "", "")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	opened()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(make([]byte, 0, 4<<10), longestLine)
	for lines.Scan() {
		silent.Reset(silence)
		if strings.HasPrefix(lines.Text(), "data:") {
			ring()
		}
	}
	return lines.Err()
}
