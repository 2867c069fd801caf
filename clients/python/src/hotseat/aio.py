"""The client for asyncio: the same, with callbacks that run in the loop and may be coroutines."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Callable

from . import client


class Client:
    """As `hotseat.Client`, to be used by `async with`.

    The callbacks run in the event loop and are awaited where they are coroutines: the sidecar hears
    that a term was let go of when `on_lost` is done. A loop that is blocked delays callbacks, and
    not the end of `is_leader()`.
    """

    def __init__(self, url: str = client.DEFAULT_URL, **options: Any) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        for name in ("on_elected", "on_draining", "on_lost"):
            if options.get(name) is not None:
                options[name] = self._in_loop(options[name])
        self._plain = client.Client(url, **options)
        self.is_leader, self.token, self.leader = (
            self._plain.is_leader,
            self._plain.token,
            self._plain.leader,
        )
        self.let_go = self._plain.let_go

    async def __aenter__(self) -> Client:
        self._loop = asyncio.get_running_loop()
        self._plain.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._plain.close)

    async def wait_leader(self) -> int | None:
        """Waits until this pod leads; its token, or None once the client is closed."""
        while not self._plain.closed():
            # In slices, so that a task that is cancelled leaves no thread behind for long.
            token = await asyncio.to_thread(self._plain.wait_leader, 1.0)
            if token is not None:
                return token
        return None

    async def ready(self, ready: bool, ttl: float | None = None) -> None:
        """As of the plain client."""
        await asyncio.to_thread(self._plain.ready, ready, ttl)

    async def signal(self, key: str, value: Any = True, ttl: float | None = None) -> None:
        """As of the plain client."""
        await asyncio.to_thread(self._plain.signal, key, value, ttl)

    async def unset_signal(self, key: str) -> None:
        """As of the plain client."""
        await asyncio.to_thread(self._plain.unset_signal, key)

    def _in_loop(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any) -> None:
            result = callback(*args)
            if inspect.isawaitable(result):
                await result

        def called(*args: Any) -> None:
            assert self._loop is not None, "the callbacks begin with the loop"
            asyncio.run_coroutine_threadsafe(call(*args), self._loop).result()

        return called
