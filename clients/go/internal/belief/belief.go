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
	Leads     bool
	Token     uint64
	Name      string
	Remaining time.Duration
}

// Belief is whether this process may act as the leader: from an answer, for Hold at most.
type Belief struct {
	Hold time.Duration
	// Final says that a term that was lost is let go of, and does not come back.
	Final bool

	term, seen, over uint64
	until, asked     time.Duration
	name             string
	nameUntil        time.Duration
}

// Term is the token of the term that is believed in, and when belief ends; 0 for none.
func (b *Belief) Term() (uint64, time.Duration) { return b.term, b.until }

// Leads says whether this process may act as the leader.
func (b *Belief) Leads(now time.Duration) bool { return b.term != 0 && now < b.until }

// Leader is the name of the leader; empty if nobody is known to lead.
func (b *Belief) Leader(now time.Duration) string {
	if now < b.nameUntil {
		return b.name
	}
	return ""
}

// Answered takes an answer that came now to a question that was sent after asked.
func (b *Belief) Answered(asked, now time.Duration, answer Answer) []Change {
	changes := b.Expired(now)
	b.name, b.nameUntil = answer.Name, asked+answer.Remaining
	if !answer.Leads {
		return append(changes, b.End(now)...)
	}
	if answer.Token <= b.over || answer.Token < b.seen {
		return changes // of a term that is over: nothing that is said of it counts
	}
	if b.term != 0 && b.term != answer.Token {
		changes = append(changes, b.End(now)...)
	}
	until := asked + min(answer.Remaining, b.Hold)
	b.seen = answer.Token
	switch {
	case b.term != 0:
		// Questions are asked one after the other, but an answer may be held for shorter.
		b.until, b.asked = max(b.until, until), asked
	case now < until:
		b.term, b.until, b.asked = answer.Token, until, asked
		changes = append(changes, Change{Kind: Elected, Token: answer.Token})
	}
	return changes
}

// Expired says that time has passed.
func (b *Belief) Expired(now time.Duration) []Change {
	if b.term != 0 && now >= b.until {
		return b.End(now)
	}
	return nil
}

// End ends the term now, if there is one.
func (b *Belief) End(now time.Duration) []Change {
	term := b.term
	if b.term = 0; term == 0 {
		return nil
	}
	if b.Final {
		b.over = term
	}
	lost := Change{Kind: Lost, Token: term}
	// The sidecar waits for Hold after it last said that this candidate leads, which was not before it
	// was asked.
	if until := b.asked + b.Hold; now < until {
		return []Change{{Kind: Draining, Token: term, Until: until}, lost}
	}
	return []Change{lost}
}

// LetGo says that the application acts no more for the term with that token, nor for one before it.
func (b *Belief) LetGo(token uint64, now time.Duration) []Change {
	b.over = max(b.over, token)
	if b.term != 0 && b.term <= token {
		return b.End(now)
	}
	return nil
}
