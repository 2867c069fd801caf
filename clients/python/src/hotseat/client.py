"""The client: three threads around one belief."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any, Callable

from . import wire
from .belief import Answer, Belief, Change, Kind

log = logging.getLogger("hotseat")

DEFAULT_URL = "http://127.0.0.1:4040"
SHORTEST_PAUSE = 0.01  # between two questions, however many events there are, in seconds


def now() -> float:
    """Seconds of a clock that goes on while the machine is suspended, where there is one."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class Client:
    """Knows whether this pod leads, for as long as the last answer of the sidecar holds.

    `hold` is how long an answer is believed at most, in seconds: the client's share of the reaction
    time S, which is set for the sidecar by `--reaction-time`. The callbacks run one after the
    other on a thread of the client and should return soon, but for `on_draining`, which may take
    the seconds that it is given. A client with `on_lost` lets go of a term when that has returned,
    so that the sidecar passes the seat on at once; one without has to call `let_go` itself.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        hold: float = 2.0,
        on_elected: Callable[[int], Any] | None = None,
        on_draining: Callable[[int, float], Any] | None = None,
        on_lost: Callable[[int], Any] | None = None,
    ) -> None:
        if not 0.1 <= hold <= 60:
            raise ValueError(f"hold={hold}: give seconds from 0.1 to 60")
        self._sidecar = wire.Sidecar(url)
        self._belief = Belief(hold, final=on_lost is not None)
        self._elected, self._draining, self._lost = on_elected, on_draining, on_lost
        self._changed = threading.Condition(threading.RLock())
        self._rung = False  # something says that it is time to ask
        self._closing = False
        self._let_go = 0  # the latest term that was let go of
        self._released = 0  # the latest of them that the sidecar has heard of
        loops = (self._ask_on, self._watch_on, self._tell_on)
        self._threads = [
            threading.Thread(target=loop, name="hotseat", daemon=True) for loop in loops
        ]

    def start(self) -> Client:
        """Begins to ask; a `with` statement does it by itself."""
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """Ends a term of this pod, as the application acts no more, and the threads."""
        with self._changed:
            self._belief.end(now())
            self._closing = True
            self._changed.notify_all()
        if threading.current_thread() not in self._threads and self._threads[0].is_alive():
            self._threads[0].join()  # the watch may be in the middle of a wait for bytes

    def __enter__(self) -> Client:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def is_leader(self) -> bool:
        """Whether this pod leads at this very moment."""
        return self.token() is not None

    def token(self) -> int | None:
        """The fencing token of this pod's term, to be sent along with each write; None: no term."""
        with self._changed:
            return self._belief.leads(now()) or None

    def leader(self) -> str:
        """The name of the leader, whichever pod it is; empty if nobody is known to lead."""
        with self._changed:
            return self._belief.leader(now())

    def wait_leader(self, timeout: float | None = None) -> int | None:
        """Waits until this pod leads; its token, or None if it took longer or the client closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_leader() or self._closing, timeout)
            return self.token()

    def closed(self) -> bool:
        """Whether it asks no more."""
        return self._closing

    def ready(self, ready: bool, ttl: float | None = None) -> None:
        """Says whether the application is ready to lead; after `ttl` seconds nothing is said."""
        self._put("/v1/ready", ready, ttl)

    def signal(self, key: str, value: Any = True, ttl: float | None = None) -> None:
        """Sets a signal for the policy; the heartbeat is one, `signal("app.heartbeat", ttl=30)`."""
        self._put(wire.signal_path(key), value, ttl)

    def unset_signal(self, key: str) -> None:
        """Takes a signal back; one that is not set is an error."""
        self._sidecar.ask("DELETE", wire.signal_path(key), self._belief.hold)

    def let_go(self, token: int) -> None:
        """Says that the application acts no more for the term with that token; it ends if it is on.

        The sidecar hears of it in the background, again and again until it has answered.
        """
        with self._changed:
            self._let_go = max(self._let_go, token)
            self._belief.let_go(token, now())
            self._ring()

    def _put(self, path: str, value: Any, ttl: float | None) -> None:
        query = "" if ttl is None else f"?ttl={round(ttl * 1000)}ms"
        body = json.dumps(value, allow_nan=False).encode()
        self._sidecar.ask("PUT", path + query, self._belief.hold, body)

    def _ring(self) -> bool:
        """Says that it is time to ask; whether the client goes on."""
        with self._changed:
            self._rung = True
            self._changed.notify_all()
        return not self._closing

    # The thread that asks: it alone extends belief.

    def _ask_on(self) -> None:
        pace = self._belief.hold / 4
        while not self._closing:
            self._ask()
            time.sleep(SHORTEST_PAUSE)
            with self._changed:
                self._changed.wait_for(lambda: self._rung or self._closing, pace)
                self._rung = False
        self._threads[2].join()  # the last term's callbacks still run
        self._tell_let_go()

    def _ask(self) -> None:
        self._tell_let_go()
        asked = now()  # before the question: whatever it takes counts against the belief
        try:
            body = self._sidecar.ask("GET", "/v1/leader", self._belief.hold / 2)
            answer = Answer.of(json.loads(body))
        except (wire.SidecarError, ValueError, RecursionError) as error:
            log.debug("no answer of the sidecar: %s", error)
            return
        with self._changed:
            if not self._closing:
                self._belief.answered(asked, now(), answer)
                self._changed.notify_all()

    def _tell_let_go(self) -> None:
        token = self._let_go
        if token <= self._released:
            return
        try:
            self._sidecar.ask("PUT", f"/v1/released?token={token}", self._belief.hold / 2)
        except wire.SidecarError as error:
            if not isinstance(error, wire.Refused) or error.status // 100 != 4:
                return  # it is sent once more
        self._released = token

    # The thread that watches. An event says that it is time to ask, and nothing else: it may have
    # waited in a buffer, and does not say for how long.

    def _watch_on(self) -> None:
        while not self._closing:
            try:
                self._sidecar.watch(self._ring)
            except wire.SidecarError as error:
                log.debug("the watch has ended: %s", error)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, wire.REST)

    # The thread that tells the application.

    def _tell_on(self) -> None:
        while (change := self._next()) is not None:
            try:
                self._tell(change)
            except Exception:
                log.exception("the callback for %s has failed", change.kind.value)
            if change.kind is Kind.LOST and self._lost:
                self.let_go(change.token)

    def _next(self) -> Change | None:
        """Waits for something to tell; None at the end."""
        with self._changed:
            while True:
                self._belief.expired(now())
                if self._belief.changes or self._closing:
                    return self._belief.changes.popleft() if self._belief.changes else None
                self._changed.wait(self._belief.until - now() if self._belief.term else None)

    def _tell(self, change: Change) -> None:
        if change.kind is Kind.ELECTED and self._elected:
            self._elected(change.token)
        elif change.kind is Kind.DRAINING and self._draining:
            self._draining(change.token, max(0.0, change.until - now()))
        elif change.kind is Kind.LOST and self._lost:
            self._lost(change.token)
