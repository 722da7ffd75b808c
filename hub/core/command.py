"""Control orders: an id, a life time and a confirmed outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import uuid4

from hub.core.clock import Clock
from hub.core.errors import HubError


class CommandFailed(HubError):
    """The order was refused, expired, or could not be confirmed by read-back."""


@dataclass(slots=True, eq=False)
class Command:
    """An order to set one point of one device to `value` before the monotonic time `expires`.

    Whoever carries it out calls `done` with the value read back, or `fail`; the first of the two counts.
    """

    point: str
    value: float
    expires: float
    id: str = field(default_factory=lambda: uuid4().hex)
    outcome: asyncio.Future[float] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def done(self, readback: float) -> None:
        """Confirm with the value the device itself now shows."""
        if not self.outcome.done():
            self.outcome.set_result(readback)

    def fail(self, reason: str) -> None:
        """Refuse, in words for the operator."""
        if not self.outcome.done():
            self.outcome.set_exception(CommandFailed(reason))


class Commands:
    """Brings orders to the device that listens for them; nothing listens unless a plugin says so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listening: dict[str, asyncio.Queue[Command]] = {}

    async def order(self, device: str, point: str, value: float, seconds: float = 10.0) -> float:
        """Order `project/device` to set `point`; the value read back once it is confirmed.

        Raises CommandFailed when the device takes no orders, refuses, or stays silent for `seconds`.
        """
        queue = self._listening.get(device)
        if queue is None:
            raise CommandFailed(f"{device} takes no orders")
        command = Command(point, value, self._clock.monotonic() + seconds)
        try:
            queue.put_nowait(command)
        except asyncio.QueueFull:
            raise CommandFailed(f"{device} has {queue.maxsize} orders waiting already") from None
        try:
            return await asyncio.wait_for(command.outcome, seconds)
        except TimeoutError:
            raise CommandFailed(f"{device}.{point}: not confirmed within {seconds:g} s") from None

    async def listen(self, device: str) -> AsyncIterator[Command]:
        """Orders for `project/device` in their order, expired ones refused on the way."""
        queue: asyncio.Queue[Command] = asyncio.Queue(maxsize=16)
        self._listening[device] = queue
        try:
            while True:
                command = await queue.get()
                if self._clock.monotonic() >= command.expires:
                    command.fail("expired before it could be carried out")
                else:
                    yield command
        finally:
            del self._listening[device]
