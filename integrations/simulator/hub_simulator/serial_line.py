"""A serial line as a pty that keeps the time of a real wire: ten or eleven bits a character, silence between frames."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path

from hub_simulator.slave import Units, request_length

_CHUNK = 16
_GIVE_UP_SECONDS = 0.05


class SerialLine:
    """The meters' end of an RS-485 line. `path` is the end that a master opens, as it would /dev/ttyUSB0.

    At `baudrate` 0 nothing is paced. A master that speaks while a meter is answering is not heard, as on two wires;
    `collisions` counts that.
    """

    def __init__(self, units: Units, baudrate: int = 9600, bits: int = 10) -> None:
        self.units = units
        self.collisions = 0
        self._character = bits / baudrate if baudrate else 0.0
        self._silence = 0.0 if not baudrate else 3.5 * self._character if baudrate <= 19200 else 0.00175
        self._pending = b""
        self._answering: asyncio.Task[None] | None = None
        self._forget: asyncio.TimerHandle | None = None
        self._meters, self._master = os.openpty()
        for end in (self._meters, self._master):
            tty.setraw(end)
        os.set_blocking(self._meters, False)
        self.path = Path(os.ttyname(self._master))

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        asyncio.get_running_loop().add_reader(self._meters, self._arrived)

    async def close(self) -> None:
        """Take the line away; whoever has it open sees it hang up."""
        asyncio.get_running_loop().remove_reader(self._meters)
        if self._forget:
            self._forget.cancel()
        if self._answering:
            self._answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._answering
        os.close(self._meters)
        os.close(self._master)

    def _arrived(self) -> None:
        try:
            data = os.read(self._meters, 4096)
        except OSError:
            return
        if self._answering and not self._answering.done():
            self.collisions += 1
            return
        self._pending += data
        if self._forget:
            self._forget.cancel()
        self._forget = asyncio.get_running_loop().call_later(_GIVE_UP_SECONDS, self._give_up)
        self._take_frame()

    def _take_frame(self) -> None:
        try:
            length = request_length(self._pending)
        except ValueError:
            return
        if length is not None and len(self._pending) >= length:
            frame, self._pending = self._pending[:length], b""
            self._answering = asyncio.ensure_future(self._answer(frame))

    def _give_up(self) -> None:
        """What did not become a request by now was noise, or nothing this line knows."""
        if self._pending:
            self.units.damaged += 1
            self._pending = b""

    async def _answer(self, frame: bytes) -> None:
        """Wait until the request would have passed the wire and the meter has thought; answer at the wire's pace."""
        clock = asyncio.get_running_loop()
        due = clock.time() + len(frame) * self._character + self._silence
        await _until(due)
        outcome = self.units.serial(frame)
        if outcome is None:
            return
        unit, reply = outcome
        due += unit.turnaround
        if not self._character:
            await _until(due)
            os.write(self._meters, reply)
            return
        for i in range(0, len(reply), _CHUNK):
            part = reply[i : i + _CHUNK]
            due += len(part) * self._character
            await _until(due)
            os.write(self._meters, part)


async def _until(due: float) -> None:
    seconds = due - asyncio.get_running_loop().time()
    if seconds > 0:
        await asyncio.sleep(seconds)
