"""Works while its pod leads, and lets go of the seat when it leads no more.

worker.py [URL OF THE SIDECAR]
"""

import sys
import time

import hotseat


def main(url: str) -> None:
    with hotseat.Client(
        url,
        on_elected=lambda token: print(f"leads with the token {token}", flush=True),
        on_draining=lambda token, left: print(f"finishes within {left:.1f} s", flush=True),
        on_lost=lambda token: print(f"has let go of {token}", flush=True),
    ) as client:
        client.ready(True)
        while True:
            if client.is_leader():
                work(client.token())
            heartbeat(client)
            time.sleep(0.5)


def work(token: "int | None") -> None:
    """One piece of work, with the token in each write; S has to cover the time it takes."""


def heartbeat(client: hotseat.Client) -> None:
    """From the loop that works, so that it stops with it."""
    try:
        client.signal("app.heartbeat", ttl=3)
    except hotseat.SidecarError as error:
        print(f"no heartbeat: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["http://127.0.0.1:4040"])
