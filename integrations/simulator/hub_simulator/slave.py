"""The answering side of Modbus: requests in, replies out, no I/O. It can be silent, and it refuses like a meter.

Written apart from any library the driver uses, so that an error in one shows against the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub_simulator.registers import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, Refused, Registers

Order = Callable[[str, bool], None]

_TARGET_SILENT = 0x0B


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC = _table()


def checksum(data: bytes) -> bytes:
    """CRC-16/MODBUS of `data`, low byte first as it goes on the wire."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


@dataclass(slots=True, eq=False)
class Unit:
    """One meter at a unit address: its registers, when it answers, and where its switch orders go.

    `turnaround` is the seconds it thinks before it answers; `silent` says whether it is dead just now.
    """

    unit_id: int
    registers: Registers
    turnaround: float = 0.015
    silent: Callable[[], bool] = bool
    order: Order | None = None
    requests: int = 0

    def answer(self, pdu: bytes) -> bytes:
        """The reply to a request, function code first; an exception reply where the meter refuses."""
        self.requests += 1
        try:
            return self._answer(pdu)
        except Refused as refused:
            return bytes([pdu[0] | 0x80, refused.code])

    def _answer(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if function in {1, 2, 3, 4}:
            return self._read(function, pdu)
        if function in {5, 6}:
            return self._write(function, pdu)
        if function in {15, 16}:
            return self._write_many(function, pdu)
        raise Refused(ILLEGAL_FUNCTION)

    def _read(self, function: int, pdu: bytes) -> bytes:
        if len(pdu) != 5:
            raise Refused(ILLEGAL_VALUE)
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        values = self.registers.read(3 if function == 4 else function, address, count)
        if function >= 3:
            data = b"".join(value.to_bytes(2, "big") for value in values)
        else:
            bits = sum(bool(value) << i for i, value in enumerate(values))
            data = bits.to_bytes((count + 7) // 8, "little")
        return bytes([function, len(data)]) + data

    def _write(self, function: int, pdu: bytes) -> bytes:
        if len(pdu) != 5:
            raise Refused(ILLEGAL_VALUE)
        self._set(function, int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big"))
        return pdu

    def _write_many(self, function: int, pdu: bytes) -> bytes:
        if len(pdu) < 7 or len(pdu) != 6 + pdu[5]:
            raise Refused(ILLEGAL_VALUE)
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if pdu[5] != (count * 2 if function == 16 else (count + 7) // 8):
            raise Refused(ILLEGAL_VALUE)
        for i in range(count):
            value = (
                int.from_bytes(pdu[6 + 2 * i : 8 + 2 * i], "big") if function == 16 else pdu[6 + i // 8] >> i % 8 & 1
            )
            self._set(function - 10, address + i, value * (0xFF00 if function == 15 else 1))
        return pdu[:5]

    def _set(self, function: int, address: int, value: int) -> None:
        field = self.registers.written(function, address)
        if self.order is None or field.write is None:
            raise Refused(ILLEGAL_ADDRESS)
        if function == 5 and value not in {0, 0xFF00}:
            raise Refused(ILLEGAL_VALUE)
        on = value == 0xFF00 if function == 5 else value == field.write[2]
        self.order(field.key, on)


class Units:
    """The meters of one line by unit address; what is asked of nobody here stays unanswered."""

    def __init__(self, units: list[Unit]) -> None:
        self.by_id = {unit.unit_id: unit for unit in units}
        self.served = 0
        self.ignored = 0
        self.damaged = 0

    def hears(self, unit_id: int) -> Unit | None:
        """The meter that will answer `unit_id`; None when there is none, or it is silent."""
        unit = self.by_id.get(unit_id)
        if unit is None or unit.silent():
            self.ignored += 1
            return None
        return unit

    def serial(self, frame: bytes) -> tuple[Unit, bytes] | None:
        """The meter addressed by an RTU frame and its reply frame; None when nobody answers."""
        if len(frame) < 4 or checksum(frame[:-2]) != frame[-2:]:
            self.damaged += 1
            return None
        unit = self.hears(frame[0])
        if unit is None:
            return None
        self.served += 1
        reply = frame[:1] + unit.answer(frame[1:-2])
        return unit, reply + checksum(reply)

    def tcp(self, unit_id: int, pdu: bytes) -> tuple[float, bytes]:
        """Seconds of thought and reply PDU of a gateway; a silent meter gives "target failed to respond"."""
        unit = self.hears(unit_id)
        if unit is None or not pdu:
            return 0.2, bytes([(pdu[0] if pdu else 0) | 0x80, _TARGET_SILENT])
        self.served += 1
        return unit.turnaround, unit.answer(pdu)


def request_length(data: bytes) -> int | None:
    """Length of the RTU request that `data` starts with; None while too little has come to tell.

    Raises ValueError for a function whose length nobody can tell.
    """
    if len(data) < 2:
        return None
    if 1 <= data[1] <= 6:
        return 8
    if data[1] in {15, 16}:
        return 9 + data[6] if len(data) > 6 else None
    raise ValueError(f"function {data[1]} has no known length")
