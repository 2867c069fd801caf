"""Does what the driver of all clients asks on its input, and says in JSON lines what happens."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from hotseat import Change, Client, Kind, SidecarError
from hotseat.belief import Answer, Belief

output = threading.Lock()


def say(event: str, **more: Any) -> None:
    with output:
        print(json.dumps({"event": event, **more}), flush=True)


def sample(client: Client, over: threading.Event) -> None:
    """Says from when to when the client was seen to lead, in microseconds of the wall clock."""
    first = last = 0
    while True:
        before = time.time_ns() // 1000
        leads = client.is_leader()
        after = time.time_ns() // 1000
        if leads:
            first, last = first or after, before
        elif first:
            say("led", **{"from": first, "to": last})
            first = 0
        if over.wait(0.002):
            break
    if first:
        say("led", **{"from": first, "to": last})


def serve(url: str, hold: float, callbacks: bool) -> None:
    kinds = ("elected", "draining", "lost") if callbacks else ()
    on = {f"on_{kind}": lambda token, *_, kind=kind: say(kind, token=token) for kind in kinds}
    over = threading.Event()
    with Client(url, hold=hold, **on) as client:
        sampler = threading.Thread(target=sample, args=(client, over))
        sampler.start()
        say("started")
        for line in sys.stdin:
            do(client, line.split())
        over.set()
        sampler.join()
    say("closed")


def do(client: Client, words: list[str]) -> None:
    try:
        match_word, rest = words[0], words[1:]
        if match_word == "ask":
            token, name = client.token() or 0, client.leader()
            say("asked", leads=client.is_leader(), token=token, name=name)
            return
        if match_word == "ready":
            client.ready(rest[0] == "true", ttl=int(rest[1]) / 1000)
        elif match_word == "signal":
            client.signal(rest[0], json.loads(rest[1]), ttl=int(rest[2]) / 1000)
        elif match_word == "unset":
            client.unset_signal(rest[0])
        elif match_word == "let-go":
            client.let_go(int(rest[0]))
        say("done")
    except SidecarError as error:
        say("refused", why=str(error))


def believe(hold: float, final: bool) -> None:
    """Plays one belief in virtual time, in milliseconds."""
    belief = Belief(hold, final)
    for line in sys.stdin:
        word, *rest = line.split()
        numbers = [int(number) for number in rest]
        now = numbers[-1] / 1000
        if word == "answer":
            leads, token, remaining, asked = numbers[:4]
            answer = Answer(leads * token, "", remaining / 1000)
            belief.answered(asked / 1000, now, answer)
        elif word == "let-go":
            belief.let_go(numbers[0], now)
        elif word == "end":
            belief.end(now)
        elif word == "expired":
            belief.expired(now)
        changes = [shown(change) for change in belief.changes]
        belief.changes.clear()
        say("belief", changes=changes, leads=bool(belief.leads(now)))


def shown(change: Change) -> str:
    until = f" until {round(change.until * 1000)}" if change.kind is Kind.DRAINING else ""
    return f"{change.kind.value} {change.token}{until}"


if __name__ == "__main__":
    if sys.argv[1] == "belief":
        believe(int(sys.argv[2]) / 1000, sys.argv[3] == "final")
    else:
        serve(sys.argv[1], int(sys.argv[2]) / 1000, sys.argv[3] == "callbacks")
