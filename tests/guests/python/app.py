"""A small election policy in Python: leads while it can, and renews on time.

Built as a component by tests/setup/guests.sh, Python in it, with WASI and all: the sidecar answers
that deaf and blind.
"""

import random
import time

from wit_world import exports
from wit_world.exports import policy as p


class Policy(exports.Policy):
    def describe(self):
        # The last one is what decides where this policy fails: None is to hold.
        return p.Descriptor("python", "0.1.0", "renews on time", 0, "", [], None)

    def validate(self, settings):
        return []

    def decide(self, input):
        # Chance and the time of day are asked on purpose: the host fixes both by the question, so
        # they are the same for equal questions.
        draw, now = random.randrange(0, 200), time.time()
        seen, retry = input.observation, input.timing.retry_period

        # What is raised is heard: it stands behind the reason for the failure.
        if any(signal.key == "app.fail" for signal in seen.signals):
            raise ValueError("the application asks for it")

        def answer(action, wake, why):
            reason = f"{why}; drew {draw} at {now}"
            return p.Decision(action, wake, None, reason, [], b"", [])

        if seen.claim is not None:
            # No jitter here: a late renewal is a missed one.
            return answer(p.Action_Renew(), retry, "renewal is due")
        if seen.seat is not None and seen.seat.free_in == 0:
            return answer(p.Action_Campaign(), retry + draw, "the seat is free")
        return answer(p.Action_Wait(), retry + draw, "the seat is taken")

    def migrate(self, from_name, from_schema, memory):
        return b""
