"""An election as z3 sees it: one lock, some candidates, and every step that can happen.

A candidate is one process from its start to its end: a restarted one is another candidate, perhaps
of the same site. Moments without a clock's name are true time, which no candidate knows. A step is
a relation between two states, `before` and `after`; each rule that a step keeps is named, and can be
dropped, so that controls.py can show what it is there for.
"""

from itertools import permutations

from z3 import And, Bool, If, Implies, Not, Or, Real, Reals, RealVal

S, RHO, LONGEST = Reals("S rho longest")

# What the proof rests on. README.md beside this file says what keeps each.
RULES = {
    "clocks": "the rates of two clocks differ from true time by rho at most",
    "store": "a version that was left does not come back",
    "I1-sent": "belief counts from the moment before sending",
    "I1-cut": "a write with a shorter lease cuts belief when it is sent",
    "I2": "D/(1-rho) + S <= L/(1+rho), for the lease of each write",
    "I2-reaction": "S in it: the application may act so long after belief",
    "I3": "a wait begins at the own sight of the last change",
    "I4": "a write lands only on the version that it names",
    "I5": "only a write that landed is confirmed",
    "I6-drain": "a release is sent S after the end of belief",
    "I6-term": "a release is sent S after the begin of the term, confirmed or not",
    "I6-gave": "who sent a release does not confirm an older claim",
    "I7-proof": "what is not proof is waited out for the longest lease",
    "I7-release": "only a release that the last holder wrote is proof",
    "I7-genuine": "only what its holder wrote is waited out for the duration in it",
    "I7-next": "a wait goes on only if all since was seen, and no candidate's write was in it",
    "marks": "a hand can put a mark back, and cannot make the mark of a write that was not",
    "I8": "a death proves that its own incarnation gave up, and nobody else",
    "I15": "a reported death ends the promise to whoever wrote what is seen, and to nobody else",
    "I15-reaction": "the application beside a dead process has its S",
    "I14": "a term goes on only on what this process wrote",
}

FIELDS = {
    "alive": Bool,
    "clock": Real,  # what its clock shows
    "until": Real,  # by its clock: it believes before this
    "ever": Bool,  # a claim of it has landed; else the next six say nothing
    "start": Real,  # when the first write of its last term landed
    "landed": Real,  # when its last claim landed
    "sent": Real,  # by its clock: the moment before that claim was sent
    "deadline": Real,  # D of that claim
    "lease": Real,  # L of that claim
    "gave": Bool,  # it has sent a release since
    "ends": Real,  # belief is over by then, whatever is still confirmed
    "acted": Real,  # the last moment at which it believed
    "own": Bool,  # the lock's seat is as its last claim left it
    "near": Bool,  # no candidate's write since what it saw last
    "sees": Bool,  # the lock is in the version that it saw last
    "seen": Real,  # by its clock: when the wait began
    "seen_at": Real,  # the same moment
    "wait": Real,  # how long it waits
    # One claim on its way, any of them: sending another one may take its place or not.
    "claim": Bool,  # there is one, and it names the version in which the lock is
    "claim_sent": Real,
    "claim_deadline": Real,
    "claim_lease": Real,
    "release": Bool,  # the same of a release
}


class Candidate:
    """The variables of a candidate in one state."""

    def __init__(self, name):
        for field, kind in FIELDS.items():
            setattr(self, field, kind(f"{name}.{field}"))

    def believes(self):
        return And(self.alive, self.clock < self.until)


class State:
    """All variables at one moment: the candidates of NAMES, and the lock."""

    def __init__(self, tag, names):
        self.tag, self.names = tag, names
        self.now = Real(f"now.{tag}")
        self.released = Bool(f"released.{tag}")  # the lock says by proof that its holder gave up
        self.of = {name: Candidate(f"{name}.{tag}") for name in names}


def same_site(a, b):
    """Two processes of one pod, of which at most one lives at a time."""
    return Bool("same_site({},{})".format(*sorted((a, b))))


def sites(names):
    """Of one site is who is of one site with another."""
    triples = permutations(names, 3)
    chains = [(And(same_site(a, b), same_site(b, c)), same_site(a, c)) for a, b, c in triples]
    return And(*[Implies(chain, ends) for chain, ends in chains])


def parameters(rules):
    return And(S >= 0, RHO >= 0, RHO < RealVal(1) / 2, LONGEST > 0)


def fits(deadline, lease, rules):
    """I2 for one write, and the lease is one of this election's."""
    reaction = (1 - RHO) * S if "I2-reaction" in rules else 0
    room = (1 + RHO) * (deadline + reaction) <= (1 - RHO) * lease
    return And(deadline > 0, lease > 0, lease <= LONGEST, room if "I2" in rules else True)


class Step:
    """One step by candidate `who`, with the candidate `other` where it concerns another."""

    def __init__(self, before, after, who=None, other=None, rules=RULES):
        self.before, self.after, self.rules = before, after, rules
        self.who, self.other = who, other
        self.old = before.of.get(who)
        self.new = after.of.get(who)
        self.of_other = before.of.get(other)

    def has(self, rule):
        return rule in self.rules

    def rest(self, lock=False, **changed):
        """What stays: all but the given fields of `who`. With `lock`, the lock has changed, and the
        fields that hang on its version are given by it."""
        before, after = self.before, self.after
        kept = [after.now == before.now]
        if not lock:
            kept.append(after.released == before.released)
        for name in before.names:
            for field in FIELDS:
                if name == self.who and field in changed:
                    value = changed[field]
                    if value is not None:
                        kept.append(getattr(after.of[name], field) == value)
                elif not (lock and field in ("own", "near", "sees", "claim", "release")):
                    old, new = getattr(before.of[name], field), getattr(after.of[name], field)
                    kept.append(new == old)
        return And(*kept)

    def new_version(self, own, near):
        """The lock is in a version that it never had: no write on its way names it, nobody has seen
        it. `own` and `near` say of a candidate's name what these fields are then."""
        parts = []
        for name in self.before.names:
            new = self.after.of[name]
            parts += [Not(new.sees), Not(new.claim), Not(new.release)]
            parts += [new.own == own(name), new.near == near(name)]
        return And(*parts)

    def was_near(self, name):
        return self.before.of[name].near

    def time(self):
        """Time passes. Each clock at its own rate, and who believes may act until belief ends."""
        before, after, parts = self.before, self.after, []
        passed = after.now - before.now
        for name in before.names:
            old, new = before.of[name], after.of[name]
            ticked = new.clock - old.clock
            parts.append(ticked >= 0)
            if self.has("clocks"):
                parts.append(And((1 - RHO) * passed <= ticked, ticked <= (1 + RHO) * passed))
            # Who believes does so until the deadline, or until now: some moment of these.
            last = new.acted - before.now
            believed = And(old.believes(), (1 - RHO) * last <= old.until - old.clock)
            parts.append(Or(new.acted == old.acted, And(last >= 0, last <= passed, believed)))
            for field in FIELDS:
                if field not in ("clock", "acted"):
                    parts.append(getattr(new, field) == getattr(old, field))
        return And(passed >= 0, after.released == before.released, *parts)

    def see(self):
        """It sees the lock, by watch or by reading: as it is now, or as it was at some time."""
        holder, new = self.of_other, self.new
        waits = [
            # I3: the duration in what its holder wrote.
            And(holder.own if self.has("I7-genuine") else holder.ever, new.wait >= holder.lease),
            # I7: what is not proof.
            new.wait >= LONGEST if self.has("I7-proof") else True,
            # I7: a release.
            self.before.released if self.has("I7-release") else Or(self.before.released, holder.ever),
            # I8: a dead process of the own site.
            self.holder_is_dead(),
            # I15: a dead process of any site.
            self.holder_is_reported(),
            # Its own belief: there is nobody else to wait for.
            self.old.believes(),
        ]
        if self.has("I3"):
            sight = And(new.seen == self.old.clock, new.seen_at == self.before.now)
        else:
            sight = And(new.seen <= self.old.clock, new.seen_at == self.before.now)
        current = And(new.sees, new.near, sight, new.wait >= 0, Or(*waits))
        outdated = And(Not(new.sees), Not(new.near))
        free = dict.fromkeys(("sees", "near", "seen", "seen_at", "wait"))
        return And(self.old.alive, Or(current, outdated), self.rest(**free))

    def holder_is_dead(self):
        died = And(Not(self.of_other.alive), same_site(self.who, self.other))
        return And(died, self.of_other.own) if self.has("I8") else died

    def holder_is_reported(self):
        died = Not(self.of_other.alive)
        wrote = self.of_other.own if self.has("I15") else self.of_other.ever
        waits = self.new.wait >= (1 + RHO) * S if self.has("I15-reaction") else True
        return And(died, wrote, waits)

    def see_next(self):
        """It has seen all that came since the wait began, and the wait goes on."""
        known = self.old.near if self.has("I7-next") else True
        return And(self.old.alive, known, self.rest(sees=True, near=True))

    def send_claim(self):
        """It takes a free seat, or renews what it wrote. Whether the write lands is another step."""
        old, new = self.old, self.new
        waited = And(old.sees, old.clock >= old.seen + old.wait)
        mine = old.own if self.has("I14") else And(old.sees, old.ever)
        cut = If(old.until <= old.clock + new.claim_deadline, old.until, old.clock + new.claim_deadline)
        return And(
            old.alive,
            Or(waited, mine),
            fits(new.claim_deadline, new.claim_lease, self.rules),
            self.rest(
                claim=True,
                claim_sent=old.clock,
                claim_deadline=None,
                claim_lease=None,
                until=cut if self.has("I1-cut") else old.until,
            ),
        )

    def land_claim(self):
        """A claim lands, perhaps long after it was sent, perhaps after its process died."""
        before, after, old, new = self.before, self.after, self.old, self.new
        end = (1 - RHO) * (new.ends - before.now) == old.claim_deadline
        return And(
            old.claim if self.has("I4") else And(old.claim_deadline > 0, old.claim_sent <= old.clock),
            Not(after.released),
            If(old.alive, end, new.ends == old.ends),
            self.new_version(own=lambda name: name == self.who, near=lambda _: False),
            self.rest(
                lock=True,
                ever=True,
                start=If(old.own, old.start, before.now),
                landed=before.now,
                sent=old.claim_sent,
                deadline=old.claim_deadline,
                lease=old.claim_lease,
                gave=False,
                ends=None,
            ),
        )

    def confirm(self):
        """It learns that its last claim landed, by the answer or by reading its mark."""
        old, new = self.old, self.new
        sent = old.sent if self.has("I1-sent") else old.clock
        landed = And(old.ever, new.until <= sent + old.deadline)
        if not self.has("I5"):
            landed = new.until <= old.claim_sent + old.claim_deadline
        shorter = Implies(old.claim, new.until <= old.claim_sent + old.claim_deadline)
        believes = old.clock < new.until
        return And(
            old.alive,
            landed,
            shorter if self.has("I5") and self.has("I1-cut") else True,
            Not(old.gave) if self.has("I6-gave") else True,
            self.rest(until=None, acted=If(believes, self.before.now, old.acted)),
        )

    def send_release(self):
        """It gives up: belief has ended, the application has had its time, the record is its own."""
        old, now = self.old, self.before.now
        stopped = If(old.until <= old.clock, old.until, old.clock)
        drained = And(old.until <= old.clock, old.acted + S <= now)
        return And(
            old.alive,
            old.own,
            drained if self.has("I6-drain") else True,
            old.start + S <= now if self.has("I6-term") else True,
            self.rest(gave=True, release=True, until=stopped if self.has("I6-drain") else old.until),
        )

    def land_release(self):
        """A release lands."""
        return And(
            self.old.release,
            self.after.released,
            self.new_version(own=lambda _: False, near=lambda _: False),
            self.rest(lock=True, ends=self.old.acted),
        )

    def edit(self):
        """Anybody changes the lock: a hand, another program, a restored store, a deletion."""
        unowned = self.new_version(own=lambda _: False, near=self.was_near)
        return And(Not(self.after.released), unowned, self.rest(lock=True))

    def edit_beside(self):
        """Somebody edits what says nothing of the seat, such as a label."""
        return And(
            self.after.released == self.before.released,
            self.new_version(own=lambda name: self.before.of[name].own, near=self.was_near),
            self.rest(lock=True),
        )

    def come_back(self):
        """Without the rule "store": a version that was left is there again, as somebody saw it."""
        seen = [self.after.of[name].sees == self.after.of[name].near for name in self.before.names]
        return And(Not(self.after.released), *seen, self.rest(lock=True))

    def crash(self):
        """It ends, at any moment. What it sent may still land."""
        return And(self.old.alive, self.rest(alive=False, ends=self.old.acted))


STEPS = [
    "time", "see", "see_next", "send_claim", "land_claim", "confirm", "send_release",
    "land_release", "edit", "edit_beside", "crash",
]
