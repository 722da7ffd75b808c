"""What a Modbus transaction costs in time: the arithmetic of the line, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Framing(StrEnum):
    """How a protocol data unit is wrapped."""

    RTU = "rtu"
    ASCII = "ascii"
    TCP = "tcp"


READ_REQUEST = 5
"""Bytes of a PDU that reads: function, address, count."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A line: framing, bits per second, bits per character (10 for 8N1, 11 for 8E1), delay of the way in seconds."""

    framing: Framing
    baudrate: int
    char_bits: int = 10
    delay: float = 0.0

    @classmethod
    def network(cls, framing: Framing) -> Wire:
        """A TCP connection; behind RTU or ASCII framing a 9600 baud line is assumed, behind a gateway."""
        if framing is Framing.TCP:
            return cls(framing, 10_000_000, 8, delay=0.002)
        return cls(framing, 9600, 10, delay=0.002)

    @property
    def char(self) -> float:
        """Seconds per character."""
        return self.char_bits / self.baudrate

    @property
    def silence(self) -> float:
        """Seconds of silence that part two RTU frames: 3.5 characters, 1.75 ms above 19200 baud; 0 elsewhere.

        Modbus over serial line V1.02, 2.5.1.1.
        """
        if self.framing is not Framing.RTU:
            return 0.0
        return 3.5 * self.char if self.baudrate <= 19200 else 0.00175

    def frame(self, pdu_bytes: int) -> float:
        """Seconds that a frame around so many bytes of PDU is on the line."""
        chars = {
            Framing.RTU: pdu_bytes + 3,
            Framing.ASCII: 2 * (pdu_bytes + 2) + 3,
            Framing.TCP: pdu_bytes + 7,
        }[self.framing]
        return chars * self.char

    def read(self, function: int, count: int, turnaround: float = 0.0) -> float:
        """Seconds from the start of a read of `count` registers (or bits) until the line is free for the next one."""
        request, reply = self.frame(READ_REQUEST), self.frame(2 + data_bytes(function, count))
        return request + reply + 2 * self.silence + self.delay + turnaround


def data_bytes(function: int, count: int) -> int:
    """Bytes of data in the reply to a read of `count` registers, or bits for functions 1 and 2."""
    return (count + 7) // 8 if function in (1, 2) else 2 * count
