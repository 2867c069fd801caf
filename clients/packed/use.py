"""Uses the package as it is installed: a term from begin to end, beside the sidecar for tests."""

import asyncio

import hotseat
import hotseat.aio
from hotseat.testing import FakeSidecar


async def wait(url: str) -> "int | None":
    async with hotseat.aio.Client(url) as client:
        return await client.wait_leader()


with FakeSidecar() as sidecar:
    with hotseat.Client(sidecar.url, on_lost=lambda token: None) as client:
        token = sidecar.lead()
        assert client.wait_leader(30) == token
        assert client.is_leader()
    assert not client.is_leader()
    sidecar.wait_for(lambda: sidecar.released == [token])
    assert asyncio.run(wait(sidecar.url)) == token
print("Python: used as it is packed")
