"""One line and its arbiter: one request in flight, silence where the standard wants it, no reply to the wrong question.

On a line without transaction numbers a reply that comes after its time-out looks like the answer to the next request.
So after a time-out the line stays quiet for as long again, the silent device itself is left alone for longer, and it is
not asked for anything that its overdue answer could be mistaken for (`overdue`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hub.sdk import LinkError, LinkHealth
from hub_modbus.frames import (
    Garbled,
    NoAnswer,
    OutOfStep,
    Refused,
    Request,
    WrongReply,
    content,
    encode,
    search,
    whole_frames,
)
from hub_modbus.overdue import Overdue
from hub_modbus.ports import Port, Settings, TcpSettings
from hub_modbus.profile import Manners
from hub_modbus.readout import Registers
from hub_modbus.turn import Turn
from hub_modbus.wire import Framing

_NOISE = 4
_LONGEST_FRAME = 260
_GAP = 0.25
_MUTE = 10


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for the first byte of a reply, and after a time-out until the device may be asked again."""

    reply: float = 0.3
    late: float = 1.0

    @classmethod
    def of(cls, manners: Manners, settings: Settings) -> Patience:
        """What a meter's profile and its line ask for: the longer of the two."""
        return cls(max(manners.timeout_ms, settings.timeout_ms) / 1000, manners.late_ms / 1000)


@dataclass(slots=True, eq=False)
class _InFlight:
    request: Request
    transaction: int
    first_by: float
    done_by: float
    patience: Patience
    reply: asyncio.Future[bytes]
    stray: str = ""


class Link:
    """An open line. `ask` is the only way to send anything."""

    def __init__(self, settings: Settings, health: LinkHealth) -> None:
        self.settings = settings
        self.wire = settings.wire
        self.health = health
        self.late: dict[int, float] = {}
        self.strays = 0
        self._serial_like = self.wire.framing is not Framing.TCP
        self._on_network = isinstance(settings, TcpSettings)
        self._gap = _GAP + 4 * self.wire.char
        self._turn = Turn()
        self._port: Port | None = None
        self._broken = ""
        self._buffer = bytearray()
        self._flight: _InFlight | None = None
        self._running: asyncio.Task[Registers] | None = None
        self._transaction = 0
        self._unanswered = 0
        self._heard_at = 0.0
        self.quiet_until = 0.0
        self._owed = Overdue()
        self._overdue: tuple[Request, float] | None = None
        self._overdue_came = asyncio.Event()
        self._held: dict[int, float] = {}
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Open the port. Raises LinkError saying what is wrong with it."""
        self._port = await self.settings.open(self._received, self._lost)
        self.health.up = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the port at once; a request in flight is given up."""
        self.health.up = False
        if self._port is not None:
            self._port.close()
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait([self._running])

    def held_until(self, unit: int) -> float:
        """Monotonic time before which `unit` must not be asked, because its late answer may still come."""
        return self._held.get(unit, 0.0)

    async def lost(self) -> None:
        """Wait until the line is lost. Always ends with LinkError."""
        await self._closed.wait()
        raise LinkError(self._broken)

    async def ask(self, request: Request, patience: Patience, urgent: bool = False) -> Registers:
        """Registers (or bits) that answer `request`, shape (count,); for a write, what was written.

        Orders (`urgent`) go before polls. A caller who is cancelled does not disturb the line: the request runs to its
        end first. Raises NoAnswer, Garbled, WrongReply, Refused, or LinkError when the line itself is gone.
        """
        await self._rested(request.unit)
        await self._turn.take(urgent)
        task = asyncio.get_running_loop().create_task(self._transact(request, patience))
        self._running = task
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    async def _rested(self, unit: int) -> None:
        while True:
            wait = self.held_until(unit) - time.monotonic()
            if wait <= 0 or self._broken:
                return
            await self._pause(wait)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but no longer than until an overdue answer has come in after all."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._overdue_came.wait()

    def _finished(self, task: asyncio.Task[Registers]) -> None:
        if not task.cancelled():
            task.exception()
        self._turn.give()

    async def _transact(self, request: Request, patience: Patience) -> Registers:
        if (first := self._owed.first(request, time.monotonic())) is not None:
            with contextlib.suppress(Refused):
                await self._exchange(first, patience)
        return await self._exchange(request, patience)

    async def _exchange(self, request: Request, patience: Patience) -> Registers:
        await self._settle()
        began = time.monotonic()
        flight = self._send(request, patience, began)
        try:
            pdu = await flight.reply
        except (NoAnswer, WrongReply):
            self._expect_late(request, patience)
            raise
        except Garbled:
            self._owed.add(request, time.monotonic())
            self.quiet_until = flight.first_by
            raise
        finally:
            self._flight = None
            ended = time.monotonic()
            self.health.spent(ended, ended - began)
        self._owed.settled(request.unit)
        return content(pdu, request)

    async def _settle(self) -> None:
        """Wait for the silence that parts frames, and for the end of the quiet after a time-out."""
        while True:
            if self._broken:
                raise LinkError(self._broken)
            now = time.monotonic()
            if (wait := self.quiet_until - now) > 0:
                await self._pause(wait)
            elif (wait := self._heard_at + self.wire.silence - now) > 0:
                await asyncio.sleep(wait)
            else:
                return

    def _send(self, request: Request, patience: Patience, now: float) -> _InFlight:
        loop = asyncio.get_running_loop()
        self._transaction = self._transaction % 0xFFFF + 1
        frame = encode(request, self.wire.framing, self._transaction)
        sent = now + len(frame) * self.wire.char
        whole = self.wire.frame(request.reply_bytes) + self.wire.frame(_LONGEST_FRAME)
        first_by = sent + patience.reply + self.wire.delay
        flight = _InFlight(request, self._transaction, first_by, first_by + whole, patience, loop.create_future())
        self._flight = flight
        if self._serial_like:
            self._buffer.clear()
        assert self._port is not None  # noqa: S101 — a link is asked only inside its `async with`
        self._port.write(frame)
        self._heard_at = sent
        loop.call_later(flight.first_by - now, self._check, flight)
        return flight

    def _received(self, data: bytes) -> None:
        self._heard_at = time.monotonic()
        self._unanswered = 0
        self._buffer += data
        flight = self._flight
        try:
            if flight is None or flight.reply.done():
                self._stray_bytes()
                return
            self._look(flight)
        except OutOfStep as error:
            self._lost(str(error))
            return
        if not flight.reply.done() and len(self._buffer) > _NOISE:
            asyncio.get_running_loop().call_later(self._gap, self._check, flight)

    def _look(self, flight: _InFlight) -> None:
        while self._buffer:
            found = search(bytes(self._buffer), flight.request, self.wire.framing, flight.transaction)
            del self._buffer[: found.used]
            if found.pdu:
                flight.reply.set_result(found.pdu)
                return
            if not found.used:
                return
            self.strays += 1
            flight.stray = found.stray
            if found.final:
                flight.reply.set_exception(WrongReply(found.stray))
                return

    def _check(self, flight: _InFlight) -> None:
        """Whether the reply in flight is beyond hope: nothing in time, or something broken off."""
        if flight.reply.done():
            return
        now = time.monotonic()
        some = len(self._buffer) > _NOISE
        if some and now < min(self._heard_at + self._gap, flight.done_by) - 1e-4:
            asyncio.get_running_loop().call_later(self._heard_at + self._gap - now, self._check, flight)
        elif some:
            flight.reply.set_exception(self._broken_reply(flight))
        elif now >= flight.first_by - 1e-4:
            words = f"no answer within {flight.patience.reply * 1000:.0f} ms"
            flight.reply.set_exception(WrongReply(flight.stray) if flight.stray else NoAnswer(words))

    def _broken_reply(self, flight: _InFlight) -> Exception:
        got, due = len(self._buffer), flight.request.reply_bytes + 3
        head = bytes(self._buffer[:16]).hex(" ")
        self._buffer.clear()
        if self.wire.framing is Framing.RTU and got < due:
            return Garbled(f"reply cut short: {got} of {due} bytes ({head})")
        return Garbled(f"no frame with a right checksum in {got} bytes ({head}): noise, wrong baud rate or parity?")

    def _expect_late(self, request: Request, patience: Patience) -> None:
        """After a time-out: quiet for everyone, and for the device itself a longer rest, until its answer is past."""
        self._unanswered += 1
        if self._on_network and self._unanswered >= _MUTE:
            self._lost(f"{_MUTE} requests without a byte in return")
        if not self._serial_like:
            return
        now = time.monotonic()
        self._owed.add(request, now)
        self._overdue = (request, now - patience.reply)
        self.quiet_until = now + patience.reply
        self._held[request.unit] = now + max(patience.late, patience.reply)

    def _stray_bytes(self) -> None:
        """Bytes that nobody waits for: most often the answer that came after its time-out."""
        if self._overdue is None:
            used = whole_frames(bytes(self._buffer), self.wire.framing)
            self.strays += bool(used)
            del self._buffer[:used]
            return
        request, asked_at = self._overdue
        found = search(bytes(self._buffer), request, self.wire.framing)
        while found.stray:
            self.strays += 1
            del self._buffer[: found.used]
            found = search(bytes(self._buffer), request, self.wire.framing)
        if found.pdu:
            self.late[request.unit] = time.monotonic() - asked_at
            self._overdue = None
            self._owed.settled(request.unit)
            self._overdue_came.set()
            self._overdue_came = asyncio.Event()
            self.quiet_until = 0.0
            self._held.pop(request.unit, None)
            self._buffer.clear()
        elif len(self._buffer) > _LONGEST_FRAME:
            self._buffer.clear()

    def _lost(self, reason: str) -> None:
        if self._broken:
            return
        self._broken = f"{self.settings}: {reason}" if not reason.startswith("serial port") else reason
        self.health.up = False
        if self._port is not None:
            self._port.close()
        if self._flight is not None and not self._flight.reply.done():
            self._flight.reply.set_exception(LinkError(self._broken))
        self._closed.set()
