// Package belief is what may be believed, as a value: no goroutine, no connection, no clock of its own.
//
// Moments are durations since the origin of one clock that never goes back. An answer counts from the
// moment before its question was sent, so that whatever the way there and back took counts against it.
package belief

import "time"

// LargestToken is the largest fencing token there can be.
const LargestToken = 1<<53 - 1

const never time.Duration = 1<<63 - 1

// Change is what became of a term: it has begun, or it is over.
type Change struct {
	Token uint64
	Over  bool
	// Until is the moment until which what is under way may be finished; 0 if a term ended without a drain.
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
	// Until is when belief ends unless another answer comes.
	Until time.Duration

	over             uint64 // the terms up to this token are over, and do not come back
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
	token, until := answer.Token, asked+min(answer.Remaining, b.Hold)
	if token == 0 {
		b.End(now)
	}
	if token <= b.over {
		return // nothing counts that is said of no term, or of one that is over
	}
	if token != b.Term {
		b.End(now)
	}
	b.over = token - 1
	if b.Term != 0 {
		// Questions are asked one after the other, but an answer may be held for shorter.
		b.Until, b.asked = max(b.Until, until), asked
	} else if now < until {
		b.Term, b.Until, b.asked = token, until, asked
		b.Changes = append(b.Changes, Change{Token: token})
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
	b.Term, b.Until = 0, never
	if term == 0 {
		return
	}
	if b.Final {
		b.over = term
	}
	// The sidecar waits for Hold after it last said that this candidate leads, which was not before it
	// was asked.
	until := b.asked + b.Hold
	if until <= now {
		until = 0
	}
	b.Changes = append(b.Changes, Change{Token: term, Over: true, Until: until})
}

// LetGo says that the application acts no more for the term with that token, nor for one before it.
func (b *Belief) LetGo(token uint64, now time.Duration) {
	b.over = max(b.over, token)
	if b.Term <= token {
		b.End(now)
	}
}
