"""An RS-485 line on one pty: wire time to the tenth of a millisecond, and meters that misbehave on demand.

Written without a line of the hub, so that it can contradict it. The hub opens `Line.path`; a thread (or, for
benchmarks, a process) plays the meters. Replies that overlap in time are mixed up, as on a real line.
"""

from __future__ import annotations

import heapq
import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


def crc(data: bytes) -> bytes:
    """CRC-16 of Modbus, bit by bit, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def lrc(data: bytes) -> int:
    return -sum(data) & 0xFF


@dataclass
class Quirk:
    """What goes wrong with one reply. `delay` in seconds; `change` gets the frame with its checksum."""

    delay: float = 0.0
    drop: bool = False
    exception: int = 0
    unit: int | None = None
    change: Callable[[bytes], bytes] = lambda frame: frame


@dataclass
class Meter:
    """Registers and coils of one unit; `quirk` is asked before each reply. It answers in the order it is asked."""

    unit: int
    registers: dict[int, int] = field(default_factory=dict)
    coils: dict[int, int] = field(default_factory=dict)
    quirk: Callable[[bytes], Quirk] = lambda pdu: Quirk()
    missing: set[int] = field(default_factory=set)
    max_read: int = 125
    obeys: bool = True
    asked: list[bytes] = field(default_factory=list)
    free_at: float = 0.0

    def answer(self, pdu: bytes) -> bytes:
        function, address, count = pdu[0], int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if function in (3, 4):
            span = range(address, address + count)
            if self.missing.intersection(span) or count > self.max_read:
                return bytes([function | 0x80, 2])
            words = b"".join(self.registers.get(place, 0).to_bytes(2, "big") for place in span)
            return bytes([function, 2 * count]) + words
        if function in (1, 2):
            bits = sum(self.coils.get(address + i, 0) << i for i in range(count))
            size = (count + 7) // 8
            return bytes([function, size]) + bits.to_bytes(size, "little")
        return self._write(function, address, count, pdu)

    def _write(self, function: int, address: int, value: int, pdu: bytes) -> bytes:
        if not self.obeys:
            return pdu[:5]
        if function == 5:
            self.coils[address] = int(value == 0xFF00)
        elif function == 6:
            self.registers[address] = value
        elif function == 15:
            bits = int.from_bytes(pdu[6:], "little")
            self.coils.update({address + i: bits >> i & 1 for i in range(value)})
        elif function == 16:
            words = [int.from_bytes(pdu[6 + 2 * i : 8 + 2 * i], "big") for i in range(value)]
            self.registers.update({address + i: word for i, word in enumerate(words)})
        else:
            return bytes([function | 0x80, 1])
        return pdu[:5]


class Line:
    """A pty with meters behind it, at `baudrate` with 10 bits a character; 0 is an infinitely fast line."""

    def __init__(self, *meters: Meter, baudrate: int = 0, turnaround: float = 0.0, ascii_frames: bool = False) -> None:
        self.meters = {meter.unit: meter for meter in meters}
        self.char = 10 / baudrate if baudrate else 0.0
        self.silence = 0.0 if not baudrate or ascii_frames else 3.5 * self.char if baudrate <= 19200 else 0.00175
        self.turnaround = turnaround
        self.ascii = ascii_frames
        self.heard = 0
        self._near, far = os.openpty()
        tty.setraw(far)
        self.path = os.ttyname(far)
        self._far = far
        self._stop, self._stopped = os.pipe()
        self._due: list[tuple[float, int, bytes]] = []
        self._count = 0

    def run(self) -> None:
        """Play the meters until `stop`."""
        buffer, began = b"", 0.0
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready, _, _ = select.select([self._near, self._stop], [], [], wait)
            if self._stop in ready:
                return
            while self._due and self._due[0][0] <= time.monotonic():
                os.write(self._near, heapq.heappop(self._due)[2])
            if self._near in ready:
                began = time.monotonic() if not buffer else began
                buffer += os.read(self._near, 4096)
                buffer = self._take(buffer, began)

    def stop(self) -> None:
        os.write(self._stopped, b"x")

    def hang_up(self) -> None:
        """Pull the adapter out."""
        os.close(self._near)
        self._near = -1

    def close(self) -> None:
        for handle in (self._near, self._far, self._stop, self._stopped):
            if handle >= 0:
                os.close(handle)

    def send(self, frame: bytes, at: float) -> None:
        """Put bytes on the line from `at` on, in pieces of 16 as a driver hands them over."""
        for start in range(0, len(frame), 16):
            piece = frame[start : start + 16]
            at += len(piece) * self.char
            self._count += 1
            heapq.heappush(self._due, (at, self._count, piece))

    def _take(self, buffer: bytes, began: float) -> bytes:
        while (size := self._size(buffer)) and len(buffer) >= size:
            frame, buffer = buffer[:size], buffer[size:]
            self.heard += 1
            unit, pdu = self._opened(frame)
            meter = self.meters.get(unit)
            if meter is not None:
                meter.asked.append(pdu)
                self._reply(meter, pdu, began + size * self.char + self.silence + self.turnaround)
        return buffer

    def _reply(self, meter: Meter, pdu: bytes, at: float) -> None:
        quirk = meter.quirk(pdu)
        if quirk.drop:
            return
        answer = bytes([pdu[0] | 0x80, quirk.exception]) if quirk.exception else meter.answer(pdu)
        body = bytes([meter.unit if quirk.unit is None else quirk.unit]) + answer
        frame = b":%s\r\n" % (body + bytes([lrc(body)])).hex().upper().encode() if self.ascii else body + crc(body)
        meter.free_at = max(meter.free_at, at) + quirk.delay
        self.send(quirk.change(frame), meter.free_at)

    def _size(self, buffer: bytes) -> int:
        if self.ascii:
            return buffer.find(b"\r\n") + 2 if b"\r\n" in buffer else 0
        if len(buffer) < 8:
            return 0
        return 9 + buffer[6] if buffer[1] in (15, 16) else 8

    def _opened(self, frame: bytes) -> tuple[int, bytes]:
        body = bytes.fromhex(frame[1:-2].decode())[:-1] if self.ascii else frame[:-2]
        assert self.ascii or crc(body) == frame[-2:], f"the hub sent a wrong checksum: {frame.hex(' ')}"
        return body[0], body[1:]


@contextmanager
def playing(line: Line) -> Iterator[Line]:
    """The line with its meters at work in a thread."""
    thread = threading.Thread(target=line.run, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.stop()
        thread.join(5)
        line.close()
