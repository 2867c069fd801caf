"""Who lags too far behind does not lead."""

import json

from wit_world import exports
from wit_world.exports import policy as p

# Checked by the host before `validate` is asked.
SCHEMA = {
    "type": "object",
    "required": ["most_lag"],
    "additionalProperties": False,
    "properties": {"most_lag": {"type": "number", "minimum": 0}},
}


class Policy(exports.Policy):
    def describe(self):
        return p.Descriptor(
            name="my-policy",
            version="0.1.0",
            summary="who lags too far behind does not lead",
            memory_schema=0,
            settings_schema=json.dumps(SCHEMA),
            needs=[],
            # What decides where this policy fails: None is to hold.
            on_failure=None,
        )

    def validate(self, settings):
        # What the schema says was checked already.
        if not settings:
            return [p.Issue(p.Severity.ERROR, "", 'give them: {"most_lag": 10}')]
        return []

    def decide(self, input):
        most_lag = json.loads(input.settings)["most_lag"]
        seen, retry = input.observation, input.timing.retry_period
        lag = number(seen.signals, "app.lag")
        if lag > most_lag:
            why = f"app.lag is {lag}, and {most_lag} is allowed"
            # A change of the signal asks again before that.
            return decision(p.Action_Resign(None) if seen.claim else p.Action_Wait(), retry, why)
        if "stopping" in seen.causes:
            return decision(p.Action_Resign(None), retry, "stopping")
        if seen.claim:
            due = max(0, retry - (seen.attempts.since_success or 0))
            if due > 0:
                return decision(p.Action_Wait(), due, "renewed a moment ago")
            return decision(p.Action_Renew(), retry, "renewal is due")
        if seen.seat and seen.seat.free_in == 0:
            # Not all at a time.
            return decision(p.Action_Campaign(), retry + input.entropy % 200, "the seat is free")
        return decision(p.Action_Wait(), retry, "the seat is taken")

    def migrate(self, from_name, from_schema, memory):
        return b""


def number(signals, key):
    """What the signal says. Where the application says nothing, it is 0."""
    for signal in signals:
        if signal.key == key and isinstance(signal.value, (p.Value_Number, p.Value_Integer)):
            return signal.value.value
    return 0


def decision(action, wake_after, reason):
    return p.Decision(action, wake_after, None, reason, publish=[], memory=b"", extra=[])
