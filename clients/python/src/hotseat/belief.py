"""What may be believed, as a value: no thread, no socket, no clock of its own.

Moments are seconds of one clock that never goes back; `asked` is always the moment *before* a
question was sent, so whatever the way there and back took counts against the belief.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from typing import Any

LARGEST_TOKEN = 2**53 - 1


class Kind(enum.Enum):
    """What became of a term."""

    ELECTED = "elected"
    """The term has begun."""
    DRAINING = "draining"
    """The term is over; what is under way may still be finished within the time that is left."""
    LOST = "lost"
    """The term is over, and nothing may act for it any more."""


@dataclass(frozen=True)
class Change:
    """What became of a term, with its fencing token."""

    kind: Kind
    token: int
    until: float = 0.0
    """Of a drain: the moment at which it has to be over."""


@dataclass(frozen=True)
class Answer:
    """What `/v1/leader` says, as far as it matters here."""

    token: int
    """The fencing token of this candidate's term; 0 if it does not lead."""
    name: str
    remaining: float

    @classmethod
    def of(cls, document: Any) -> Answer:
        """The answer in a document.

        Raises ValueError if it is none: nothing may be believed of a document in which anything
        has the wrong type.
        """
        if not isinstance(document, dict):
            raise ValueError("the answer is not a JSON object")
        leads, name = document.get("self"), document.get("name")
        token, remaining = document.get("token"), document.get("remaining_ms")
        if not isinstance(leads, bool) or not isinstance(name, str):
            raise ValueError("the answer has no self or no name")
        if type(remaining) is not int or remaining < 0:
            raise ValueError("remaining_ms is not a number of milliseconds")
        if leads and not (type(token) is int and 0 < token <= LARGEST_TOKEN):
            raise ValueError("the token is not a fencing token")
        return cls(token if leads else 0, name, min(remaining, LARGEST_TOKEN) / 1000)


class Belief:
    """Whether this process may act as the leader: from an answer, for `hold` seconds at most."""

    def __init__(self, hold: float, final: bool) -> None:
        """`final`: a term that was lost is let go of, and does not come back."""
        self.hold, self.final = hold, final
        self.changes: deque[Change] = deque()
        """What became of terms, in that order, until somebody takes it out."""
        self.until = 0.0
        """When belief ends unless another answer comes; it counts only while there is a term."""
        self.term = 0
        """The fencing token of the term that is believed in; 0: none."""
        self._asked = 0.0
        self._seen = self._over = 0
        self._name, self._name_until = "", 0.0

    def leads(self, now: float) -> int:
        """The token of the term, if this process may act as its leader; else 0."""
        return self.term if now < self.until else 0

    def leader(self, now: float) -> str:
        return self._name if now < self._name_until else ""

    def answered(self, asked: float, now: float, answer: Answer) -> None:
        """An answer to a question that was sent after `asked` came at `now`."""
        self.expired(now)
        self._name, self._name_until = answer.name, asked + answer.remaining
        if not answer.token:
            self.end(now)
        if answer.token <= self._over or answer.token < self._seen:
            return  # of no term, or of one that is over: nothing that is said of it counts
        if answer.token != self.term:
            self.end(now)
        until = asked + min(answer.remaining, self.hold)
        self._seen = answer.token
        if self.term:
            # Questions are asked one after the other, but an answer may be held for shorter.
            self.until, self._asked = max(self.until, until), asked
        elif now < until:
            self.term, self.until, self._asked = answer.token, until, asked
            self.changes.append(Change(Kind.ELECTED, answer.token))

    def expired(self, now: float) -> None:
        """Time has passed."""
        if now >= self.until:
            self.end(now)

    def end(self, now: float) -> None:
        """The term ends now, if there is one."""
        term, self.term = self.term, 0
        if not term:
            return
        if self.final:
            self._over = term
        # The sidecar waits for `hold` after it last said that this candidate leads, which was not
        # before it was asked.
        until = self._asked + self.hold
        if now < until:
            self.changes.append(Change(Kind.DRAINING, term, until))
        self.changes.append(Change(Kind.LOST, term))

    def let_go(self, token: int, now: float) -> None:
        """The application acts no more for the term with that token, nor for one before it."""
        self._over = max(self._over, token)
        if self.term <= token:
            self.end(now)
