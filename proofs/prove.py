"""Proves that two candidates never believe at a time, by induction over the steps of model.py.

The invariant speaks of each two candidates. A step is taken by one of them or by a third, and may
concern a fourth, so that four names stand for any number: p takes the step, q is whom it concerns,
r and s are any others. What the invariant says of these four before the step has to give what it
says of them after it.
"""

import sys
import time

import controls
import places
from z3 import And, Ints, Not, Solver, sat, unsat

from invariant import begins, invariant, nobody_acts_late, one_believer
from model import RULES, STEPS, State, Step, parameters, sites

NAMES = ["p", "q", "r", "s"]
FAILED = []


def report(claim, holds, lines=()):
    print(f"{'ok' if holds else 'NOT OK'}: {claim}", flush=True)
    for line in lines:
        print(f"      {line}")
    if not holds:
        FAILED.append(claim)


def solver(*assumptions):
    made = Solver()
    made.set("timeout", 120_000)
    made.add(parameters(RULES), sites(NAMES), *assumptions)
    return made


def unproved(given, goals):
    """Those of the goals, (name, formula), that do not follow."""
    left = []
    for name, goal in goals:
        given.push()
        given.add(Not(goal))
        if given.check() != unsat:
            left.append(name)
        given.pop()
    return left


def prove_induction():
    before, after = State("0", NAMES), State("1", NAMES)
    goals = invariant(after, NAMES)
    left = unproved(solver(begins(after)), goals)
    report(f"the invariant holds at the beginning {left or ''}", not left)
    hypothesis = [formula for _, formula in invariant(before, NAMES)]
    for name in STEPS:
        step = getattr(Step(before, after, "p", "q"), name)()
        given = solver(*hypothesis, step)
        report(f"{name} can happen", given.check() == sat)
        left = unproved(given, goals)
        report(f"{name} keeps the invariant, {len(goals)} parts {left or ''}", not left)


def prove_marks():
    """What a candidate takes for its holder's own write is one (I7-genuine, I7-release): the record
    of a version that follows directly on the one that its mark says it replaced. Versions are
    numbered in their order, so that a version follows directly on the one before it."""
    version, base, earlier, base_of_earlier = Ints("version base earlier base_of_earlier")
    put_back = And(earlier < version, base == base_of_earlier)

    def can_be(*of_this_version):
        made = Solver()
        # Of each version before: its mark names an earlier one.
        made.add(base_of_earlier < earlier, *of_this_version)
        return made.check() == sat

    directly = base == version - 1  # as I4 has it for the process in the mark
    report("what is put back names an earlier version", not can_be(put_back, base >= version))
    report("what is put back does not follow directly", not can_be(put_back, directly))
    report("without marks, what a hand makes can", can_be(base < version, directly))


def prove_safety():
    state = State("0", NAMES)
    given = solver(*[formula for _, formula in invariant(state, NAMES)])
    goals = [
        ("one believer", one_believer(state, "p", "q")),
        ("nobody acts late", nobody_acts_late(state, "p", "q")),
    ]
    for goal in goals:
        report(f"the invariant gives: {goal[0]}", not unproved(given, [goal]))
    given.add(state.of["p"].believes(), state.of["q"].near)
    report("the invariant leaves room for a believer and a candidate that waits", given.check() == sat)


def main():
    begin = time.monotonic()
    prove_marks()
    prove_induction()
    prove_safety()
    controls.check_possible(report)
    controls.check_broken(report)
    places.check(report)
    print(f"{time.monotonic() - begin:.0f} s")
    if FAILED:
        sys.exit("not proved: " + "; ".join(FAILED))
    print("proved: for every D, L, S and rho below one half, and any number of candidates")


main()
