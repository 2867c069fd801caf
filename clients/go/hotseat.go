// Package hotseat asks the Hotseat sidecar who leads. The answer expires by itself, by a clock of this
// machine, so that a dead sidecar, a dead network or a process that stood still is no leader.
package hotseat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"hotseat.dev/client/internal/belief"
)

// DefaultURL is where a sidecar answers.
const DefaultURL = "http://127.0.0.1:4040"

const (
	defaultHold   = 2 * time.Second
	silence       = 10 * time.Second // after so long without an event the watch is begun anew
	noWatch       = 30 * time.Second // until a sidecar that has no watch is tried again
	longestPause  = 5 * time.Second
	shortestPause = 10 * time.Millisecond // between two questions, however many events there are
)

// ErrClosed says that the client was closed.
var ErrClosed = errors.New("the client is closed")

// Options are what a client is started with; the zero value is good.
//
// The functions are called one after the other and should return soon, but for OnDraining, which may
// take the time that it is given. A client with OnLost or Lead lets go of a term when that has returned,
// so that the sidecar passes the seat on at once; one without has to call [Client.LetGo] itself.
type Options struct {
	// URL is where the sidecar answers; DefaultURL if it is empty.
	URL string
	// Hold is how long an answer is believed at most, 2 s if it is zero: the client's share of the
	// reaction time S, which is set for the sidecar by --reaction-time.
	Hold time.Duration
	// OnElected is called when a term has begun.
	OnElected func(token uint64)
	// OnDraining is called when a term is over, and what is under way may be finished within that time.
	OnDraining func(token uint64, left time.Duration)
	// OnLost is called when a term is over, and nothing may act for it any more.
	OnLost func(token uint64)
	// Lead runs in each term. Its context is done when the term is over; when it returns, the term is
	// let go of, and so given up if it is still on.
	Lead func(ctx context.Context, token uint64)
}

// Client knows whether this pod leads, for as long as the last answer of the sidecar holds.
type Client struct {
	options Options
	sidecar *sidecar
	ctx     context.Context
	cancel  context.CancelFunc
	bell    chan struct{} // something says that it is time to ask
	news    chan struct{} // there are changes, or the end of belief has moved
	told    chan struct{} // closed when all that happened was said
	over    chan struct{} // closed when nothing is asked any more

	mutex     sync.Mutex
	belief    belief.Belief
	changes   []belief.Change
	moved     chan struct{} // closed, and made anew, with each change
	watched   bool
	failures  uint
	lettingGo uint64

	// Those are the telling goroutine's own.
	endLead context.CancelFunc
	leading sync.WaitGroup
}

// Start begins to ask. The client is to be closed.
func Start(options Options) (*Client, error) {
	if options.URL == "" {
		options.URL = DefaultURL
	}
	if options.Hold == 0 {
		options.Hold = defaultHold
	}
	if options.Hold < 100*time.Millisecond || options.Hold > time.Minute {
		return nil, fmt.Errorf("Hold is %v: give a duration from 100ms to 1m", options.Hold)
	}
	sidecar, err := newSidecar(options.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	final := options.OnLost != nil || options.Lead != nil
	c := &Client{
		options: options, sidecar: sidecar, ctx: ctx, cancel: cancel,
		bell: make(chan struct{}, 1), news: make(chan struct{}, 1),
		told: make(chan struct{}), over: make(chan struct{}), moved: make(chan struct{}),
		endLead: func() {},
		belief:  belief.Belief{Hold: options.Hold, Final: final},
	}
	go c.askOn()
	go c.watchOn()
	go c.tellOn()
	return c, nil
}

// Close ends a term of this pod, as the application acts no more. It is not to be called by the
// functions in [Options].
func (c *Client) Close() {
	c.mutex.Lock()
	c.apply(c.belief.End(now()))
	c.mutex.Unlock()
	c.cancel()
	<-c.over
}

// IsLeader says whether this pod leads at this very moment.
func (c *Client) IsLeader() bool {
	_, leads := c.Token()
	return leads
}

// Token is the fencing token of this pod's term, to be sent along with each write, if it leads.
func (c *Client) Token() (token uint64, leads bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.belief.Leads(now()) {
		return 0, false
	}
	token, _ = c.belief.Term()
	return token, true
}

// Leader is the name of the leader, whichever pod it is; empty if nobody is known to lead.
func (c *Client) Leader() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.belief.Leader(now())
}

// WaitLeader waits until this pod leads, and gives the token.
func (c *Client) WaitLeader(ctx context.Context) (uint64, error) {
	for {
		c.mutex.Lock()
		moved := c.moved
		c.mutex.Unlock()
		if token, leads := c.Token(); leads {
			return token, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-c.ctx.Done():
			return 0, ErrClosed
		}
	}
}

// Ready says whether the application is ready to lead; after ttl nothing is said, unless ttl is zero.
func (c *Client) Ready(ctx context.Context, ready bool, ttl time.Duration) error {
	return c.put(ctx, withTTL("/v1/ready", ttl), "text/plain", fmt.Sprint(ready))
}

// Signal sets a signal for the policy, to a value that JSON has; a heartbeat is
// Signal(ctx, "app.heartbeat", true, 30*time.Second).
func (c *Client) Signal(ctx context.Context, key string, value any, ttl time.Duration) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return c.put(ctx, withTTL(signalPath(key), ttl), "application/json", string(body))
}

// UnsetSignal takes a signal back; one that is not set is an error.
func (c *Client) UnsetSignal(ctx context.Context, key string) error {
	_, err := c.sidecar.ask(ctx, c.options.Hold, http.MethodDelete, signalPath(key), "", "")
	return err
}

// LetGo says that the application acts no more for the term with that token, which ends if it is on.
// The sidecar hears of it in the background, again and again until it has answered.
func (c *Client) LetGo(token uint64) {
	c.mutex.Lock()
	c.lettingGo = max(c.lettingGo, token)
	c.apply(c.belief.LetGo(token, now()))
	c.mutex.Unlock()
	ring(c.bell)
}

func (c *Client) put(ctx context.Context, path, kind, body string) error {
	_, err := c.sidecar.ask(ctx, c.options.Hold, http.MethodPut, path, kind, body)
	return err
}

func signalPath(key string) string { return "/v1/signals/" + url.PathEscape(key) }

func withTTL(path string, ttl time.Duration) string {
	if ttl == 0 {
		return path
	}
	return fmt.Sprintf("%s?ttl=%dms", path, ttl.Milliseconds())
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default: // it rings already
	}
}

// apply is called with the mutex held.
func (c *Client) apply(changes []belief.Change) {
	c.changes = append(c.changes, changes...)
	close(c.moved)
	c.moved = make(chan struct{})
	ring(c.news)
}

// askOn asks, and it alone extends belief.
func (c *Client) askOn() {
	defer close(c.over)
	for c.ctx.Err() == nil {
		c.ask()
		c.sleep(shortestPause, nil)
		c.sleep(c.pause(), c.bell)
	}
	<-c.told // the last term's callbacks still run
	c.tellLetGo(context.Background())
}

// pause is how long it waits for the bell; 0: for ever.
func (c *Client) pause() time.Duration {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	term, _ := c.belief.Term()
	pace := c.options.Hold / 4
	switch {
	case term != 0 || c.lettingGo != 0 || c.failures == 0 && !c.watched:
		return pace
	case c.failures > 0:
		return min(pace<<min(c.failures, 10), longestPause)
	}
	return 0 // the watch rings
}

func (c *Client) ask() {
	c.tellLetGo(c.ctx)
	asked := now() // before the question: whatever it takes counts against the belief
	answer, err := c.sidecar.leader(c.ctx, c.options.Hold/2)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err != nil {
		c.failures++
	} else if c.ctx.Err() == nil {
		c.failures = 0
		c.apply(c.belief.Answered(asked, now(), answer))
	}
}

func (c *Client) tellLetGo(ctx context.Context) {
	c.mutex.Lock()
	token := c.lettingGo
	c.mutex.Unlock()
	if token == 0 {
		return
	}
	path := fmt.Sprintf("/v1/released?token=%d", token)
	_, err := c.sidecar.ask(ctx, c.options.Hold/2, http.MethodPut, path, "", "")
	var no *refused
	if err != nil && (!errors.As(err, &no) || no.status < 400 || no.status >= 500) {
		return // it is sent once more
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.lettingGo == token {
		c.lettingGo = 0
	}
}

// watchOn watches. An event says that it is time to ask, and nothing else: it may have waited in a
// buffer, and does not say for how long.
func (c *Client) watchOn() {
	pause := 100 * time.Millisecond
	for c.ctx.Err() == nil {
		began := time.Now()
		err := c.sidecar.watch(c.ctx, silence, func() { c.watching(true) }, func() { ring(c.bell) })
		c.watching(false)
		if time.Since(began) >= longestPause {
			pause = 100 * time.Millisecond
		} else {
			pause = min(2*pause, longestPause)
		}
		var no *refused
		if errors.As(err, &no) {
			c.sleep(noWatch, nil)
		} else {
			c.sleep(pause, nil)
		}
	}
}

func (c *Client) watching(watched bool) {
	c.mutex.Lock()
	c.watched = watched
	c.mutex.Unlock()
	ring(c.bell)
}

// sleep waits for that long, or for the bell, or for the end; for ever where it is 0.
func (c *Client) sleep(pause time.Duration, bell <-chan struct{}) {
	var passed <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case <-passed:
	case <-bell:
	case <-c.ctx.Done():
	}
}

// tellOn tells the application.
func (c *Client) tellOn() {
	defer close(c.told)
	for {
		c.mutex.Lock()
		c.changes = append(c.changes, c.belief.Expired(now())...)
		if len(c.changes) > 0 {
			change := c.changes[0]
			c.changes = c.changes[1:]
			c.mutex.Unlock()
			c.tell(change)
			continue
		}
		term, until := c.belief.Term()
		c.mutex.Unlock()
		if c.ctx.Err() != nil {
			return
		}
		if term == 0 {
			c.sleep(0, c.news)
		} else {
			c.sleep(max(until-now(), 1), c.news)
		}
	}
}

func (c *Client) tell(change belief.Change) {
	switch change.Kind {
	case belief.Elected:
		if c.options.OnElected != nil {
			c.options.OnElected(change.Token)
		}
		c.lead(change.Token)
	case belief.Draining:
		c.endLead()
		if c.options.OnDraining != nil {
			c.options.OnDraining(change.Token, max(change.Until-now(), 0))
		}
	case belief.Lost:
		c.endLead()
		c.leading.Wait()
		if c.options.OnLost != nil {
			c.options.OnLost(change.Token)
		}
		if c.belief.Final {
			c.LetGo(change.Token)
		}
	}
}

// lead runs Lead beside the telling.
func (c *Client) lead(token uint64) {
	if c.options.Lead == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.endLead = cancel
	c.leading.Add(1)
	go func() {
		defer c.leading.Done()
		c.options.Lead(ctx, token)
		if ctx.Err() == nil {
			c.LetGo(token) // it gives the seat up
		}
	}()
}
