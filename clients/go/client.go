// Package hotseat asks the Hotseat sidecar who leads. The answer expires by itself, by a clock of this
// machine, so that a dead sidecar, a dead network or a process that stood still is no leader.
package hotseat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"hotseat.dev/client/internal/belief"
)

// DefaultURL is where a sidecar answers.
const DefaultURL = "http://127.0.0.1:4040"

const (
	defaultHold   = 2 * time.Second
	noWatch       = 30 * time.Second // until a sidecar that has no watch is tried again
	longestPause  = 5 * time.Second
	shortPause    = 100 * time.Millisecond
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
	loops   sync.WaitGroup

	mutex     sync.Mutex
	belief    belief.Belief
	moved     chan struct{} // closed, and made anew, with each change of belief
	bell      chan struct{} // something says that it is time to ask
	watched   atomic.Bool
	lettingGo atomic.Uint64
	failures  uint // of the asking goroutine

	// Those are the telling goroutine's own.
	endLead context.CancelFunc
	leading sync.WaitGroup
}

// Start begins to ask. The client is to be closed.
func Start(options Options) (*Client, error) {
	options.URL, options.Hold = cmp.Or(options.URL, DefaultURL), cmp.Or(options.Hold, defaultHold)
	if options.Hold < 100*time.Millisecond || options.Hold > time.Minute {
		return nil, fmt.Errorf("Hold is %v: give a duration from 100ms to 1m", options.Hold)
	}
	sidecar, err := newSidecar(options.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{
		options: options, sidecar: sidecar, endLead: func() {},
		belief: belief.Belief{Hold: options.Hold, Final: options.OnLost != nil || options.Lead != nil},
		moved:  make(chan struct{}), bell: make(chan struct{}, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.loops.Add(3)
	go c.askOn()
	go c.watchOn()
	go c.tellOn()
	return c, nil
}

// Close ends a term of this pod, as the application acts no more. It is not to be called by the
// functions in [Options].
func (c *Client) Close() {
	c.change(func(now time.Duration) {
		c.belief.End(now)
		c.cancel()
	})
	c.loops.Wait() // the last term's callbacks still run
	c.tellLetGo(context.Background())
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
	token = c.belief.Leads(now())
	return token, token != 0
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
	return c.say(ctx, "/v1/ready", ready, ttl)
}

// Signal sets a signal for the policy, to a value that JSON has; a heartbeat is
// Signal(ctx, "app.heartbeat", true, 30*time.Second).
func (c *Client) Signal(ctx context.Context, key string, value any, ttl time.Duration) error {
	return c.say(ctx, signalPath(key), value, ttl)
}

// UnsetSignal takes a signal back; one that is not set is an error.
func (c *Client) UnsetSignal(ctx context.Context, key string) error {
	_, _, err := c.sidecar.ask(ctx, c.options.Hold, http.MethodDelete, signalPath(key), "")
	return err
}

// LetGo says that the application acts no more for the term with that token, which ends if it is on.
// The sidecar hears of it in the background, again and again until it has answered.
func (c *Client) LetGo(token uint64) {
	c.change(func(now time.Duration) {
		c.lettingGo.Store(max(c.lettingGo.Load(), token))
		c.belief.LetGo(token, now)
	})
	c.ring()
}

func (c *Client) say(ctx context.Context, path string, value any, ttl time.Duration) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if ttl != 0 {
		path = fmt.Sprintf("%s?ttl=%dms", path, ttl.Milliseconds())
	}
	_, _, err = c.sidecar.ask(ctx, c.options.Hold, http.MethodPut, path, string(body))
	return err
}

func signalPath(key string) string { return "/v1/signals/" + url.PathEscape(key) }

// change changes what is believed, and wakes all who wait for that.
func (c *Client) change(change func(now time.Duration)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	change(now())
	close(c.moved)
	c.moved = make(chan struct{})
}

func (c *Client) ring() {
	select {
	case c.bell <- struct{}{}:
	default: // it rings already
	}
}

// wait waits for that long, or for a signal, or for the end.
func (c *Client) wait(within time.Duration, signal <-chan struct{}) {
	select {
	case <-time.After(within):
	case <-signal:
	case <-c.ctx.Done():
	}
}

// askOn asks, and it alone extends belief.
func (c *Client) askOn() {
	defer c.loops.Done()
	for c.ctx.Err() == nil {
		c.ask()
		c.wait(shortestPause, nil)
		c.wait(c.pause(), c.bell)
	}
}

// pause is how long it waits for the bell.
func (c *Client) pause() time.Duration {
	pace := c.options.Hold / 4
	switch {
	case c.IsLeader() || c.lettingGo.Load() != 0 || c.failures == 0 && !c.watched.Load():
		return pace
	case c.failures == 0:
		return longestPause // the watch rings
	}
	return min(pace<<min(c.failures, 10), longestPause)
}

func (c *Client) ask() {
	c.tellLetGo(c.ctx)
	asked := now() // before the question: whatever it takes counts against the belief
	answer, err := c.sidecar.leader(c.ctx, c.options.Hold/2)
	if err != nil {
		c.failures++
		return
	}
	c.failures = 0
	c.change(func(now time.Duration) {
		if c.ctx.Err() == nil {
			c.belief.Answered(asked, now, answer)
		}
	})
}

func (c *Client) tellLetGo(ctx context.Context) {
	token := c.lettingGo.Load()
	if token == 0 {
		return
	}
	path := fmt.Sprintf("/v1/released?token=%d", token)
	_, status, _ := c.sidecar.ask(ctx, c.options.Hold/2, http.MethodPut, path, "")
	// What did not get through is sent once more.
	if status == http.StatusOK || status/100 == 4 {
		c.lettingGo.CompareAndSwap(token, 0)
	}
}

// watchOn watches. An event says that it is time to ask, and nothing else: it may have waited in a
// buffer, and does not say for how long.
func (c *Client) watchOn() {
	defer c.loops.Done()
	for pause := shortPause; c.ctx.Err() == nil; c.wait(pause, nil) {
		began := time.Now()
		status := c.sidecar.watch(c.ctx, func() { c.watching(true) })
		c.watching(false)
		switch {
		case status != 0 && status != http.StatusOK:
			pause = noWatch
		case time.Since(began) >= longestPause:
			pause = shortPause
		default:
			pause = min(2*pause, longestPause)
		}
	}
}

func (c *Client) watching(watched bool) {
	c.watched.Store(watched)
	c.ring()
}

// tellOn tells the application.
func (c *Client) tellOn() {
	defer c.loops.Done()
	for over := false; !over; {
		c.mutex.Lock()
		at, left := now(), longestPause
		c.belief.Expired(at)
		if c.belief.Term != 0 {
			left = c.belief.Until - at
		}
		changes, moved := c.belief.Changes, c.moved
		c.belief.Changes, over = nil, c.ctx.Err() != nil
		c.mutex.Unlock()
		for _, change := range changes {
			c.tell(change)
		}
		c.wait(left, moved)
	}
}

func (c *Client) tell(change belief.Change) {
	switch change.Kind {
	case belief.Elected:
		if c.options.OnElected != nil {
			c.options.OnElected(change.Token)
		}
		if c.options.Lead != nil {
			c.lead(change.Token)
		}
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
