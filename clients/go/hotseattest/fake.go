// Package hotseattest has a sidecar for the tests of an application: it says what the test wants it to say.
package hotseattest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Sidecar answers on a port of the system's choosing, on loopback, until it is closed.
type Sidecar struct {
	// URL is where it answers.
	URL string

	server   *httptest.Server
	stop     chan struct{}
	mutex    sync.Mutex
	token    uint64
	answer   map[string]any
	changed  chan struct{}
	ready    string
	signals  map[string]json.RawMessage
	released []uint64
}

// New starts one that says that nobody leads.
func New() *Sidecar {
	s := &Sidecar{stop: make(chan struct{}), changed: make(chan struct{}), signals: map[string]json.RawMessage{}}
	s.StandBy("")
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/leader", func(w http.ResponseWriter, _ *http.Request) {
		document, _ := s.now()
		_, _ = w.Write(document)
	})
	mux.HandleFunc("/v1/watch", s.watch)
	mux.HandleFunc("/v1/", s.change)
	s.server = httptest.NewServer(mux)
	s.URL = s.server.URL
	return s
}

// Close ends it: connections are refused from now on.
func (s *Sidecar) Close() {
	close(s.stop)
	s.server.CloseClientConnections()
	s.server.Close()
}

// Lead says that the application's pod leads from now on, in a new term, whose token it gives.
func (s *Sidecar) Lead() uint64 {
	s.mutex.Lock()
	s.token++
	token := s.token
	s.mutex.Unlock()
	s.Answer(map[string]any{"self": true, "name": "me", "token": token, "remaining_ms": 60000})
	return token
}

// StandBy says that another pod leads from now on, or nobody.
func (s *Sidecar) StandBy(leader string) {
	remaining := 60000
	if leader == "" {
		remaining = 0
	}
	s.Answer(map[string]any{"self": false, "name": leader, "token": nil, "remaining_ms": remaining})
}

// Answer sets the document of /v1/leader.
func (s *Sidecar) Answer(document map[string]any) {
	s.update(func() { s.answer = document })
}

// Ready is what the application said of its readiness: true, false, or nothing.
func (s *Sidecar) Ready() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.ready
}

// Signal is what the application has set, as JSON; empty if it has not.
func (s *Sidecar) Signal(key string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return string(s.signals[key])
}

// WaitReleased waits until the application has let go of that term.
func (s *Sidecar) WaitReleased(token uint64, within time.Duration) error {
	timeout := time.After(within)
	for {
		s.mutex.Lock()
		changed, released := s.changed, fmt.Sprint(s.released)
		for _, of := range s.released {
			if of >= token {
				s.mutex.Unlock()
				return nil
			}
		}
		s.mutex.Unlock()
		select {
		case <-changed:
		case <-timeout:
			return fmt.Errorf("the term %d was not let go of within %v: %s", token, within, released)
		}
	}
}

func (s *Sidecar) update(change func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sidecar) now() ([]byte, <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	document, _ := json.Marshal(s.answer) // text, numbers and flags always have a form
	return document, s.changed
}

func (s *Sidecar) watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		document, changed := s.now()
		fmt.Fprintf(w, "event: leader\ndata: %s\n\n", document)
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		}
	}
}

// change takes what an application says.
func (s *Sidecar) change(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key, isSignal := strings.CutPrefix(r.URL.EscapedPath(), "/v1/signals/")
	key, _ = url.PathUnescape(key)
	var token uint64
	_, _ = fmt.Sscan(r.URL.Query().Get("token"), &token)
	s.update(func() {
		switch {
		case isSignal && r.Method == http.MethodPut:
			s.signals[key] = body
		case isSignal && s.signals[key] != nil:
			delete(s.signals, key)
		case r.URL.Path == "/v1/ready":
			s.ready = string(body)
		case token > 0:
			s.released = append(s.released, token)
		default:
			http.NotFound(w, r)
		}
	})
}
