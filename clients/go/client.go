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

// shortestPause is between two questions, however many events there are.
const shortestPause = 10 * time.Millisecond

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
	options  Options
	sidecar  *sidecar
	ctx      context.Context // until the client is closed
	cancel   context.CancelCauseFunc
	loops    sync.WaitGroup
	letGo    atomic.Uint64 // the latest term that was let go of
	released atomic.Uint64 // the latest of them that the sidecar has heard of
	rung     atomic.Bool   // something says that it is time to ask

	mutex   sync.Mutex // for what follows
	belief  belief.Belief
	changed chan struct{} // closed, and made anew, with each change of what is known
}

// Start begins to ask. The client is to be closed.
func Start(options Options) (*Client, error) {
	options.URL, options.Hold = cmp.Or(options.URL, DefaultURL), cmp.Or(options.Hold, 2*time.Second)
	if options.Hold < 100*time.Millisecond || options.Hold > time.Minute {
		return nil, fmt.Errorf("Hold is %v: give a duration from 100ms to 1m", options.Hold)
	}
	sidecar, err := newSidecar(options.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{
		options: options, sidecar: sidecar, changed: make(chan struct{}),
		belief: belief.Belief{Hold: options.Hold, Final: options.OnLost != nil || options.Lead != nil},
	}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
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
		c.belief.LetGo(belief.LargestToken, now)
		c.cancel(ErrClosed)
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
func (c *Client) WaitLeader(ctx context.Context) (token uint64, err error) {
	err = c.until(ctx, func(now time.Duration) bool {
		token = c.belief.Leads(now)
		return token != 0
	})
	return token, err
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
		c.belief.LetGo(token, now)
		c.letGo.Store(max(c.letGo.Load(), token))
		c.rung.Store(true)
	})
}

func (c *Client) say(ctx context.Context, path string, value any, ttl time.Duration) error {
	if ttl != 0 {
		path = fmt.Sprintf("%s?ttl=%dms", path, ttl.Milliseconds())
	}
	body, err := json.Marshal(value)
	if err == nil {
		_, _, err = c.sidecar.ask(ctx, c.options.Hold, http.MethodPut, path, string(body))
	}
	return err
}

func signalPath(key string) string { return "/v1/signals/" + url.PathEscape(key) }

// change changes what is known, and wakes all who wait for that.
func (c *Client) change(change func(now time.Duration)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	change(now())
	close(c.changed)
	c.changed = make(chan struct{})
}

// until waits until that holds, which is looked at with each change, and when belief ends by itself.
func (c *Client) until(ctx context.Context, holds func(now time.Duration) bool) error {
	for {
		c.mutex.Lock()
		at := now()
		c.belief.Expired(at)
		held, closed := holds(at), context.Cause(c.ctx)
		left, changed := min(c.belief.Until-at, time.Minute), c.changed // a timer that nobody waits for is kept till then
		c.mutex.Unlock()
		if held || closed != nil {
			return closed
		}
		select {
		case <-changed:
		case <-time.After(left):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause is until, for so long at most.
func (c *Client) pause(within time.Duration, holds func(now time.Duration) bool) {
	ctx, cancel := context.WithTimeout(c.ctx, within)
	defer cancel()
	_ = c.until(ctx, holds)
}

// askOn asks, and it alone extends belief.
func (c *Client) askOn() {
	defer c.loops.Done()
	for c.ctx.Err() == nil {
		c.tellLetGo(c.ctx)
		asked := now() // before the question: whatever it takes counts against the belief
		if answer, ok := c.sidecar.leader(c.ctx, c.options.Hold/2); ok {
			c.change(func(now time.Duration) { c.belief.Answered(asked, now, answer) })
		}
		time.Sleep(shortestPause)
		c.pause(c.options.Hold/4, func(time.Duration) bool { return c.rung.Swap(false) })
	}
}

func (c *Client) tellLetGo(ctx context.Context) {
	token := c.letGo.Load()
	if token <= c.released.Load() {
		return
	}
	status, _, _ := c.sidecar.ask(ctx, c.options.Hold/2, http.MethodPut, fmt.Sprintf("/v1/released?token=%d", token), "")
	// What did not get through is sent once more.
	if status == http.StatusOK || status/100 == 4 {
		c.released.Store(token)
	}
}

// watchOn watches. An event says that it is time to ask, and nothing else: it may have waited in a
// buffer, and does not say for how long.
func (c *Client) watchOn() {
	defer c.loops.Done()
	for c.ctx.Err() == nil {
		c.sidecar.watch(c.ctx, func() { c.change(func(time.Duration) { c.rung.Store(true) }) })
		c.pause(rest, func(time.Duration) bool { return false })
	}
}

// tellOn tells the application of one term after the other.
func (c *Client) tellOn() {
	defer c.loops.Done()
	for elected := c.next(); elected.Token != 0; elected = c.next() {
		token := elected.Token
		if c.options.OnElected != nil {
			c.options.OnElected(token)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var lead sync.WaitGroup
		if c.options.Lead != nil {
			lead.Add(1)
			go func() {
				defer lead.Done()
				c.options.Lead(ctx, token)
				if ctx.Err() == nil {
					c.LetGo(token) // it gives the seat up
				}
			}()
		}
		over := c.next() // a term of a client that is closed is over too
		cancel()
		if c.options.OnDraining != nil && over.Until != 0 {
			c.options.OnDraining(token, max(over.Until-now(), 0))
		}
		lead.Wait()
		if c.options.OnLost != nil {
			c.options.OnLost(token)
		}
		if c.belief.Final {
			c.LetGo(token)
		}
	}
}

// next waits for what becomes of a term: nothing more, with the token 0, once the client is closed.
func (c *Client) next() (change belief.Change) {
	_ = c.until(context.Background(), func(time.Duration) bool {
		if len(c.belief.Changes) > 0 {
			change, c.belief.Changes = c.belief.Changes[0], c.belief.Changes[1:]
		}
		return change.Token != 0
	})
	return change
}
