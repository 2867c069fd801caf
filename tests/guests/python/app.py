"""A small election policy in Python: leads while it can, and renews on time.

Built as a component by tests/setup/python-policy.sh, with WASI and all: the sidecar answers that
deaf and blind.
"""

import random

from wit_world import exports
from wit_world.exports import policy as p


class Policy(exports.Policy):
    def describe(self):
        return p.Descriptor("python", "0.1.0", "renews on time", 0, "", False)

    def validate(self, settings):
        return None

    def decide(self, input):
        seen = input.observation
        retry = input.timing.retry_period
        if seen.claim is not None:
            return p.Decision(p.Action_Renew(), retry, None, "renewal is due", [], b"")
        # The host fixes chance by the question, so this is the same for equal questions.
        wake = retry + random.randrange(0, 200)
        if seen.seat is not None and seen.seat.free_in == 0:
            return p.Decision(p.Action_Campaign(), wake, None, "the seat is free", [], b"")
        return p.Decision(p.Action_Wait(), wake, None, "the seat is taken", [], b"")

    def migrate(self, from_name, from_schema, memory):
        return b""
