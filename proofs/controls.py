"""Runs of an election, step by step from the start, whose numbers z3 finds.

Two of them show that the rules leave room for elections at all. Each of the others drops one rule
and ends with two leaders, so that no rule is there in vain and the proof is not empty.
"""

from z3 import And, Not, Solver, is_true, sat

from invariant import begins, nobody_acts_late, one_believer
from model import LONGEST, RHO, RULES, S, State, Step, parameters, sites

# A run is a list of steps, each with who takes it and whom else it concerns.
LEADS = ["send_claim p", "land_claim p", "confirm p"]
FOLLOWS = ["send_claim q", "land_claim q", "confirm q"]
FIRST = ["see p q", "time", *LEADS]
EXPIRES = [*FIRST, "see q p", "time", *FOLLOWS]

POSSIBLE = {
    "a lease runs out, and the next one leads": EXPIRES,
    "a release is seen, and the next one leads": [
        *FIRST, "time", "send_release p", "land_release p", "see q p", *FOLLOWS,
    ],
    "a dead process of the own site is followed at once": [*FIRST, "crash p", "see q p", *FOLLOWS],
    "a dead process of another site is followed after its application's time": [
        *FIRST, "crash p", "see q p", "time", *FOLLOWS,
    ],
    "a wait for a dead leader goes on over an edit": [
        *FIRST, "see q p", "edit", "time", "see_next q", *FOLLOWS,
    ],
    "a leader takes an emptied lock back at once": [
        *FIRST, "edit", "see p q", *LEADS, "see q p", "time", *FOLLOWS,
    ],
    "a labelled lock changes hands all the same": [
        *FIRST, "see q p", "edit_beside", "see_next q", "time", *FOLLOWS,
    ],
}

# By the rule that is dropped.
BROKEN = {
    "clocks": EXPIRES,
    "store": ["see p q", "see q p", "time", *LEADS, "come_back", *FOLLOWS],
    "I1-sent": ["see p q", "time", *LEADS[:2], "see q p", "time", "confirm p", *FOLLOWS],
    "I1-cut": [*FIRST, *LEADS[:2], "see q p", "time", *FOLLOWS],
    "I2": EXPIRES,
    "I2-reaction": EXPIRES,
    "I3": [*FIRST, "see q p", *FOLLOWS],
    "I4": ["see q p", "time", "send_claim q", *FIRST, "land_claim q", "confirm q"],
    "I5": ["see q p", "time", "send_claim q", *FIRST, "confirm q"],
    "I6-drain": [*FIRST, "send_release p", "land_release p", "see q p", *FOLLOWS],
    "I6-gave": [
        *FIRST[:-1], "send_release p", "land_release p", "confirm p", "see q p", *FOLLOWS,
    ],
    "I7-proof": [*FIRST, "edit", "see q p", *FOLLOWS],
    "I6-term": [
        "see r p", "time", "send_claim r", "land_claim r", "confirm r", "crash r", "see p r",
        "send_claim p", "land_claim p", "send_release p", "land_release p", "see q p", *FOLLOWS,
    ],
    "I7-release": [
        *FIRST, "time", "send_release p", "land_release p", "see p q", *LEADS,
        "edit", "see q p", *FOLLOWS,
    ],
    "I7-genuine": [
        "see r p", "time", "send_claim r", "land_claim r", "see p r", "time", *LEADS,
        "edit", "see q r", "time", *FOLLOWS,
    ],
    "I7-next": ["see p q", "see q p", "time", *LEADS, "see_next q", *FOLLOWS],
    "I8": [
        "see r p", "time", "send_claim r", "land_claim r", "crash r", "see p r", "time", *LEADS,
        "see q r", *FOLLOWS,
    ],
    "I15": [
        "see r p", "time", "send_claim r", "land_claim r", "crash r", "see p r", "time", *LEADS,
        "see q r", "time", *FOLLOWS,
    ],
    "I15-reaction": [*FIRST, "crash p", "see q p", *FOLLOWS],
    "I14": [*FIRST, "see q p", "time", *FOLLOWS, "see p q", *LEADS],
}
# The others end with two believers. In these, q leads while the application beside this one acts.
ACTS_LATE = {"I2-reaction": "p", "I6-term": "r", "I15-reaction": "p"}

WORDS = {
    "see": "sees the lock",
    "see_next": "has seen all since, and its wait goes on",
    "send_claim": "sends a claim",
    "land_claim": "its claim lands",
    "confirm": "learns that its claim landed",
    "send_release": "sends a release",
    "land_release": "its release lands",
    "edit": "somebody edits the lock",
    "edit_beside": "somebody labels the lock",
    "come_back": "an earlier version of the lock is back",
    "crash": "ends without a word",
    "time": "time passes",
}


def names_in(run):
    return sorted({name for step in run for name in step.split()[1:]})


def unroll(run, rules):
    """The states of a run, and what makes it one."""
    names = names_in(run)
    states = [State("0", names)]
    parts = [parameters(rules), sites(names), begins(states[0])]
    for number, step in enumerate(run, start=1):
        action, who, other = (step.split() + [None, None])[:3]
        states.append(State(str(number), names))
        parts.append(getattr(Step(states[-2], states[-1], who, other, rules), action)())
        if action == "confirm":
            # It need not believe by it. In these runs it does.
            parts.append(states[-1].of[who].believes())
    return states, And(*parts)


def solve(run, rules, ends):
    """A model of the run in which `ends` holds of its last state; none if there is none."""
    states, is_run = unroll(run, rules)
    solver = Solver()
    solver.set("timeout", 60_000)
    # Numbers that people like; any others would do.
    solver.add(is_run, ends(states[-1]), LONGEST <= 60)
    found = solver.check()
    return (solver.model(), states) if found == sat else (None, found)


def number(model, term):
    value = model.eval(term, model_completion=True)
    if hasattr(value, "approx"):
        value = value.approx(6)
    return f"{float(value.as_fraction()):.3g}"


def transcript(run, model, states):
    """The run in lines, with the moments in seconds of true time."""
    lines = [f"S = {number(model, S)} s, rho = {number(model, RHO)}"]
    for step, before, after in zip(run, states, states[1:]):
        action, who = (step.split() + [None])[:2]
        if action == "time":
            continue
        words = WORDS[action]
        if action.startswith("edit") or action == "come_back":
            line = words
        else:
            line = f"{who}: {words}"
        if action == "see":
            line += f", and waits {number(model, after.of[who].wait)} s by its clock"
        if action == "send_claim":
            claim = after.of[who]
            line += f" of {number(model, claim.claim_lease)} s, to believe for {number(model, claim.claim_deadline)} s"
        believers = [n for n in after.names if is_true(model.eval(after.of[n].believes(), True))]
        lines.append(f"{number(model, before.now):>6} s  {line:68} believes: {', '.join(believers) or 'nobody'}")
    return lines


def safe(end, acts):
    return one_believer(end, "p", "q") if acts is None else nobody_acts_late(end, acts, "q")


def check_possible(report):
    for name, run in POSSIBLE.items():
        model, states = solve(run, RULES, lambda end: And(end.of["q"].believes(), end.of["p"].ever))
        report(f"possible: {name}", model is not None)


def check_broken(report):
    for rule in RULES:
        if rule == "marks":  # prove.py shows what it is for
            continue
        run = BROKEN.get(rule)
        if run is None:
            report(f"without {rule}: there is no run that shows it", False)
            continue
        one = ACTS_LATE.get(rule)
        fault = "two lead" if one is None else f"q leads while {one}'s application acts"
        model, states = solve(run, set(RULES) - {rule}, lambda end: Not(safe(end, one)))
        lines = transcript(run, model, states) if model else []
        report(f"without {rule}, {fault}: {RULES[rule]}", model is not None, lines)
        # The same run with all rules, which the proof excludes.
        if "come_back" not in run:
            model, _ = solve(run, RULES, lambda end: Not(safe(end, one)))
            report(f"with {rule}, they do not", model is None)
