"""What holds in every state: the induction's hypothesis, and what follows from it."""

from itertools import permutations

from z3 import And, Implies, Not, Or

from model import LONGEST, RHO, RULES, S, fits, same_site


def over(state, p, q, moment):
    """Candidate p neither believes nor is acted for from `moment` on, as far as q is concerned: the
    application beside a dead process is the same as beside its successor of the same site."""
    one = state.of[p]
    of_the_site = And(Not(one.alive), same_site(p, q), one.ends <= moment)
    return Or(one.ends + S <= moment, of_the_site)


def of_one(state, p):
    """What holds of each candidate, by name."""
    c, now = state.of[p], state.now
    return {
        "times": And(
            c.acted <= now,
            Implies(c.ever, And(c.start <= c.landed, c.landed <= now, c.acted <= c.ends)),
            Or(c.alive, c.ends == c.acted),
        ),
        # I1: what is left of belief by its clock fits into what is left in true time.
        "belief": Implies(
            c.believes(), And(c.ever, Not(c.gave), c.until - c.clock <= (1 - RHO) * (c.ends - now))
        ),
        "sent": Implies(c.ever, (1 - RHO) * (now - c.landed) <= c.clock - c.sent),
        "end": Implies(
            And(c.ever, c.alive, Not(c.gave)), (1 - RHO) * (c.ends - c.landed) == c.deadline
        ),
        # I2
        "room": Implies(
            c.ever,
            And((1 + RHO) * (c.ends - c.landed + S) <= c.lease, (1 + RHO) * S <= c.lease, c.lease <= LONGEST),
        ),
        "own": Implies(c.own, c.ever),
        "sight": Implies(
            c.near, And(c.seen_at <= now, c.clock - c.seen <= (1 + RHO) * (now - c.seen_at))
        ),
        "version": Implies(c.sees, c.near),
        "claim": Implies(
            c.claim,
            And(
                c.claim_sent <= c.clock,
                Or(c.until <= c.claim_sent + c.claim_deadline, c.until <= c.clock),
                fits(c.claim_deadline, c.claim_lease, RULES),
                (1 + RHO) * S <= c.claim_lease,
            ),
        ),
        "release": Implies(
            c.release,
            And(c.own, c.gave, Or(c.until <= c.clock, Not(c.alive)), c.acted + S <= now, c.start + S <= now),
        ),
        "released": Implies(And(state.released, c.ever), And(c.ends + S <= now, Not(c.own))),
    }


def of_two(state, p, q):
    """What holds of each two candidates, in both orders."""
    one, two, now = state.of[p], state.of[q], state.now
    after = over(state, p, q, two.start)
    both = And(one.ever, two.ever)
    return {
        "one after the other": Implies(both, Or(after, over(state, q, p, one.start))),
        "owner is last": Implies(And(two.own, one.ever), And(after, Not(one.own))),
        "wait is enough": Implies(
            And(two.near, one.ever),
            Or(
                (1 + RHO) * (one.ends + S - two.seen_at) <= two.wait,
                And(Not(one.alive), same_site(p, q), one.ends <= two.seen_at),
            ),
        ),
        "claim is due": Implies(And(two.claim, one.ever), Or(two.own, over(state, p, q, now))),
    }


def invariant(state, names):
    """The invariant for these candidates, as a list of (name, formula)."""
    parts = [(f"{what} of {p}", f) for p in names for what, f in of_one(state, p).items()]
    for p, q in permutations(names, 2):
        parts += [(f"{what}: {p}, {q}", f) for what, f in of_two(state, p, q).items()]
    return parts


def one_believer(state, p, q):
    return Not(And(state.of[p].believes(), state.of[q].believes()))


def nobody_acts_late(state, p, q):
    """While q believes, the application beside p has stopped."""
    acts = And(state.of[p].ever, state.now < state.of[p].acted + S, Not(same_site(p, q)))
    return Not(And(state.of[q].believes(), acts))


def begins(state):
    """Before anything happened: no lock, or one that nobody here wrote or has seen."""
    parts = [state.now == 0]
    for c in state.of.values():
        parts += [c.alive, c.clock == 0, c.until <= 0, c.acted <= 0]
        parts += [Not(x) for x in (c.ever, c.own, c.near, c.sees, c.claim, c.release, c.gave)]
    return And(*parts)
