"""What is Python's own about the client; `clients/cases.json` has what all clients have to do."""

import asyncio
import contextlib
import socket
import threading
import unittest
from unittest import mock

import hotseat.aio
from hotseat import Client, SidecarError, client
from hotseat.belief import Answer
from hotseat.testing import FakeSidecar


class Plain(unittest.TestCase):
    def test_a_term_from_its_beginning_to_its_end(self) -> None:
        seen: list = []
        with FakeSidecar() as sidecar, Client(
            sidecar.url,
            on_elected=lambda token: seen.append(("elected", token)),
            on_draining=lambda token, left: seen.append(("draining", token, 0 < left <= 2)),
            on_lost=lambda token: seen.append(("lost", token)),
        ) as seat:
            self.assertFalse(seat.is_leader())
            token = sidecar.lead()
            self.assertEqual(seat.wait_leader(30), token)
            self.assertEqual((seat.token(), seat.leader()), (token, "me"))
            sidecar.stand_by("other")
            sidecar.wait_for(lambda: sidecar.released == [token])
            self.assertEqual((seat.token(), seat.leader()), (None, "other"))
        self.assertEqual(seen, [("elected", 1), ("draining", 1, True), ("lost", 1)])

    def test_closing_lets_go_of_the_term(self) -> None:
        lost: list = []
        with FakeSidecar() as sidecar:
            with Client(sidecar.url, on_lost=lost.append) as seat:
                token = sidecar.lead()
                seat.wait_leader(30)
            self.assertEqual((lost, sidecar.released), ([token], [token]))
            self.assertFalse(seat.is_leader())

    def test_a_callback_may_close_the_client_and_may_fail(self) -> None:
        closed = threading.Event()
        with FakeSidecar() as sidecar, contextlib.ExitStack() as stack:

            def elected(_: int) -> None:
                seat.close()
                closed.set()
                raise RuntimeError("a callback that fails")

            # The log is looked at when the client's threads have ended.
            stack.enter_context(self.assertLogs("hotseat", "ERROR"))
            seat = stack.enter_context(Client(sidecar.url, on_elected=elected))
            sidecar.lead()
            self.assertTrue(closed.wait(30))
            stack.pop_all().close()

    def test_it_expires_by_the_clock_that_goes_on_in_suspend(self) -> None:
        with FakeSidecar() as sidecar, Client(sidecar.url) as seat:
            sidecar.lead()
            seat.wait_leader(30)
            later = client.now() + 2
            with mock.patch.object(client, "now", lambda: later):
                self.assertFalse(seat.is_leader())

    def test_what_the_application_says_reaches_the_sidecar(self) -> None:
        with FakeSidecar() as sidecar, Client(sidecar.url) as seat:
            seat.ready(True, ttl=30)
            seat.signal("app.lag", 0.25)
            seat.signal("app/heart beat", ttl=30)
            self.assertEqual(sidecar.ready, True)
            self.assertEqual(sidecar.signals, {"app.lag": 0.25, "app/heart beat": True})
            seat.unset_signal("app.lag")
            with self.assertRaises(SidecarError):
                seat.unset_signal("app.lag")

    def test_what_cannot_be_used_is_named(self) -> None:
        for url in ("localhost:4040", "https://localhost", "http://localhost:x", "http://h/path"):
            with self.assertRaisesRegex(ValueError, "is not an address of a sidecar: give"):
                Client(url)
        with self.assertRaisesRegex(ValueError, "hold=0: give seconds"):
            Client(hold=0)

    def test_a_document_that_is_none_is_refused(self) -> None:
        good = {"self": True, "name": "me", "token": 1, "remaining_ms": 5}
        Answer.of(good)
        for wrong in ({"self": 1}, {"token": True}, {"token": 2**53}, {"remaining_ms": 1.5},
                      {"remaining_ms": -1}, {"name": None}):
            with self.assertRaises(ValueError, msg=str(wrong)):
                Answer.of({**good, **wrong})

    def test_an_address_where_nobody_listens_is_no_leader(self) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            with Client(f"http://127.0.0.1:{held.getsockname()[1]}") as seat:
                self.assertIsNone(seat.wait_leader(0.1))
                with self.assertRaisesRegex(SidecarError, "PUT http://127"):
                    seat.ready(True)


class Async(unittest.IsolatedAsyncioTestCase):
    async def test_coroutines_are_awaited_before_the_term_is_let_go_of(self) -> None:
        seen: list = []

        async def lost(token: int) -> None:
            await asyncio.sleep(0)
            seen.append(("lost", token, list(sidecar.released)))

        with FakeSidecar() as sidecar:
            async with hotseat.aio.Client(sidecar.url, on_lost=lost) as seat:
                token = sidecar.lead()
                self.assertEqual(await seat.wait_leader(), token)
                await seat.ready(True)
                await seat.signal("app.heartbeat")
                sidecar.stand_by()
                await asyncio.to_thread(sidecar.wait_for, lambda: sidecar.released == [token])
            self.assertEqual(seen, [("lost", token, [])])
            self.assertEqual((sidecar.ready, sidecar.signals), (True, {"app.heartbeat": True}))


if __name__ == "__main__":
    unittest.main()
