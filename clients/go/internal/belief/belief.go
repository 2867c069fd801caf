// Package belief is what may be believed, as a value: no goroutine, no connection, no clock of its own.
//
// Moments are durations since the origin of one clock that never goes back. An answer counts from the
// moment before its question was sent, so that whatever the way there and back took counts against it.
package belief

import "time"

// LargestToken is the largest fencing token there can be.
const LargestToken = 1<<53 - 1

// Kind is what became of a term.
type Kind string

// What may become of a term.
const (
	Elected  Kind = "elected"
	Draining Kind = "draining"
	Lost     Kind = "lost"
)

// Change is what became of a term, with its fencing token.
type Change struct {
	Kind  Kind
	Token uint64
	// Until is the moment at which a drain has to be over.
	Until time.Duration
}

// Answer is what /v1/leader says, as far as it matters here.
type Answer struct {
	// Token is the fencing token of this candidate's term; 0 if it does not lead.
	Token uint64
	// Name is who leads; empty if nobody is known to.
	Name string
	// Remaining is for how long that holds.
	Remaining time.Duration
}

// Belief is whether this process may act as the leader: from an answer, for Hold at most.
type Belief struct {
	Hold time.Duration
	// Final says that a term that was lost is let go of, and does not come back.
	Final bool
	// Changes are what became of terms, in that order, until somebody takes them out.
	Changes []Change
	// Term is the token of the term that is believed in; 0 for none.
	Term uint64
	// Until is when belief ends unless another answer comes; it counts only while there is a term.
	Until time.Duration

	seen, over       uint64
	asked, nameUntil time.Duration
	name             string
}

// Leads is the token of the term, if this process may act as its leader; else 0.
func (b *Belief) Leads(now time.Duration) uint64 {
	if now < b.Until {
		return b.Term
	}
	return 0
}

// Leader is the name of the leader; empty if nobody is known to lead.
func (b *Belief) Leader(now time.Duration) string {
	if now < b.nameUntil {
		return b.name
	}
	return ""
}

// Answered takes an answer that came now to a question that was sent after asked.
func (b *Belief) Answered(asked, now time.Duration, answer Answer) {
	b.Expired(now)
	b.name, b.nameUntil = answer.Name, asked+answer.Remaining
	if answer.Token == 0 {
		b.End(now)
	}
	if answer.Token <= b.over || answer.Token < b.seen {
		return // of no term, or of one that is over: nothing that is said of it counts
	}
	if answer.Token != b.Term {
		b.End(now)
	}
	until := asked + min(answer.Remaining, b.Hold)
	b.seen = answer.Token
	switch {
	case b.Term != 0:
		// Questions are asked one after the other, but an answer may be held for shorter.
		b.Until, b.asked = max(b.Until, until), asked
	case now < until:
		b.Term, b.Until, b.asked = answer.Token, until, asked
		b.Changes = append(b.Changes, Change{Kind: Elected, Token: answer.Token})
	}
}

// Expired says that time has passed.
func (b *Belief) Expired(now time.Duration) {
	if now >= b.Until {
		b.End(now)
	}
}

// End ends the term now, if there is one.
func (b *Belief) End(now time.Duration) {
	term := b.Term
	if b.Term = 0; term == 0 {
		return
	}
	if b.Final {
		b.over = term
	}
	// The sidecar waits for Hold after it last said that this candidate leads, which was not before it
	// was asked.
	if until := b.asked + b.Hold; now < until {
		b.Changes = append(b.Changes, Change{Kind: Draining, Token: term, Until: until})
	}
	b.Changes = append(b.Changes, Change{Kind: Lost, Token: term})
}

// LetGo says that the application acts no more for the term with that token, nor for one before it.
func (b *Belief) LetGo(token uint64, now time.Duration) {
	b.over = max(b.over, token)
	if b.Term <= token {
		b.End(now)
	}
}
