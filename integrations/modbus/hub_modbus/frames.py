"""Requests to bytes, and bytes to the reply of the one request in flight. The one file that knows pymodbus.

pymodbus serves as codec. Its client is not used: on a serial line it takes the late reply to one request for the answer
to the next, and it closes a shared connection because one meter is dead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from hub.sdk import Fault, FrameError, HubError
from hub_modbus.readout import Registers
from hub_modbus.registers import READS, WRITES
from hub_modbus.wire import Framing, data_bytes

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

_REQUESTS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
    5: WriteSingleCoilRequest,
    6: WriteSingleRegisterRequest,
    15: WriteMultipleCoilsRequest,
    16: WriteMultipleRegistersRequest,
}
_FRAMERS = {
    Framing.RTU: FramerRTU(DecodePDU(False)),
    Framing.ASCII: FramerAscii(DecodePDU(False)),
    Framing.TCP: FramerSocket(DecodePDU(False)),
}
_NOISE = 4
"""Bytes of line noise before a frame that are forgiven: a driver switching on makes one or two."""

_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "busy",
    8: "memory parity error",
    10: "gateway has no path",
    11: "gateway got no answer from the device",
}


class RequestFailed(HubError):
    """A request that brought no value; `fault` says of which sort."""

    fault = Fault.TIMEOUT


class NoAnswer(RequestFailed):
    """Nothing came within the time-out."""


class Garbled(RequestFailed):
    """Bytes came, but no frame with a right checksum."""

    fault = Fault.CHECKSUM


class WrongReply(RequestFailed):
    """A sound frame that does not answer the request."""

    fault = Fault.WRONG_REPLY


class Refused(RequestFailed):
    """The device answered with an exception code (Modbus application protocol V1.1b3, 7)."""

    fault = Fault.REFUSED

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"refused: {_EXCEPTIONS.get(code, 'exception')} (code {code})")


class OutOfStep(FrameError):
    """Bytes on a TCP connection that are no Modbus header: only a new connection finds the beat again."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one device: a read of `count` registers or bits, or a write of `values`.

    Raises ValueError for a function other than 1 to 6, 15 and 16, so that none else can ever be sent.
    """

    unit: int
    function: int
    address: int
    count: int = 1
    values: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.function not in _REQUESTS:
            raise ValueError(f"function 0x{self.function:02X} is never sent; allowed: {(*READS, *WRITES)}")
        if (self.function in WRITES) != bool(self.values):
            raise ValueError(f"function {self.function} {'lacks' if not self.values else 'takes no'} values to write")
        if not 0 <= self.unit <= 255:
            raise ValueError(f"unit {self.unit} is not between 0 and 255")

    @property
    def reply_bytes(self) -> int:
        """Bytes of the PDU that a device sends when it complies."""
        return 2 + data_bytes(self.function, self.count) if self.function in READS else 5


class Finding(NamedTuple):
    """What a look at the bytes so far gave: the PDU of the reply, or words on a frame that is none; bytes used up."""

    used: int = 0
    pdu: bytes = b""
    stray: str = ""
    final: bool = False


def encode(request: Request, framing: Framing, transaction: int = 0) -> bytes:
    """The frame to send. Raises ValueError for a count or address that the protocol does not allow."""
    content: dict[str, object] = {"count": request.count}
    if request.function in (5, 15):
        content = {"bits": [bool(value) for value in request.values]}
    elif request.function in (6, 16):
        content = {"registers": list(request.values)}
    make: Callable[..., ModbusPDU] = _REQUESTS[request.function]
    pdu = make(dev_id=request.unit, transaction_id=transaction, address=request.address, **content)
    return _FRAMERS[framing].buildFrame(pdu)


def search(buffer: bytes, request: Request, framing: Framing, transaction: int = 0) -> Finding:
    """Look for the reply to `request` in what came in so far; an empty finding means: wait for more.

    Raises OutOfStep when bytes on TCP cannot be a Modbus header.
    """
    if framing is Framing.RTU:
        return _search_rtu(buffer, request)
    if framing is Framing.ASCII:
        return _search_ascii(buffer, request)
    return _search_tcp(buffer, request, transaction)


def whole_frames(buffer: bytes, framing: Framing) -> int:
    """Bytes at the start of `buffer` that can be thrown away without losing the beat of the frames.

    Raises OutOfStep when bytes on TCP cannot be a Modbus header.
    """
    if framing is not Framing.TCP:
        return len(buffer)
    used = 0
    while len(buffer) - used >= 8:
        end = used + _tcp_size(buffer[used:])
        if end > len(buffer):
            break
        used = end
    return used


def content(pdu: bytes, request: Request) -> Registers:
    """Registers of a reply, or its bits as 0 and 1, shape (count,); what was written, for a write.

    Raises Refused for an exception reply.
    """
    if pdu[0] & 0x80:
        raise Refused(pdu[1])
    if request.function in (1, 2):
        bits = np.unpackbits(np.frombuffer(pdu, np.uint8, offset=2), bitorder="little")
        return bits[: request.count].astype(np.uint16)
    if request.function in READS:
        return np.frombuffer(pdu, ">u2", offset=2).astype(np.uint16)
    return np.array(request.values, dtype=np.uint16)


def _mismatch(pdu: bytes, request: Request) -> str:
    """Why a sound PDU is no answer to `request`; empty when it is one."""
    if pdu[0] == request.function | 0x80:
        return "" if len(pdu) == 2 else f"exception reply of {len(pdu)} bytes"
    if pdu[0] != request.function:
        return f"answered function {pdu[0]} instead of {request.function}"
    if len(pdu) != request.reply_bytes:
        return f"answered {len(pdu)} bytes where {request.reply_bytes} were due"
    if request.function in READS and pdu[1] != request.reply_bytes - 2:
        return f"answered {pdu[1]} bytes of data where {request.reply_bytes - 2} were due"
    if request.function in WRITES and pdu != encode(request, Framing.TCP)[7:12]:
        return "echoed something other than what was written"
    return ""


def _search_rtu(buffer: bytes, request: Request) -> Finding:
    for start in range(min(_NOISE + 1, len(buffer) - 4)):
        if buffer[start] != request.unit:
            continue
        size = 5 if buffer[start + 1] == request.function | 0x80 else request.reply_bytes + 3
        frame = buffer[start : start + size]
        if len(frame) == size and not _mismatch(frame[1:-2], request) and _crc_is_right(frame):
            return Finding(start + size, frame[1:-2])
    return _foreign_rtu(buffer, request)


def _foreign_rtu(buffer: bytes, request: Request) -> Finding:
    """A sound frame at the start of `buffer` from someone else, or in another shape than asked for."""
    size = _rtu_size(buffer)
    if not size or len(buffer) < size or not _crc_is_right(buffer[:size]):
        return Finding()
    if buffer[0] != request.unit:
        return Finding(size, stray=f"unit {buffer[0]} answered instead of unit {request.unit}")
    return Finding(size, stray=_mismatch(buffer[1 : size - 2], request) or "answered twice")


def _rtu_size(buffer: bytes) -> int:
    if len(buffer) < 5:
        return 0
    if buffer[1] & 0x80:
        return 5
    return 5 + buffer[2] if buffer[1] in READS else 8 if buffer[1] in WRITES else 0


def _crc_is_right(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def _search_ascii(buffer: bytes, request: Request) -> Finding:
    end = buffer.find(b"\r\n")
    if end < 0:
        return Finding()
    used = end + 2
    start = buffer.rfind(b":", 0, end)
    line = buffer[start + 1 : end]
    if start < 0 or len(line) < 6 or len(line) % 2 or not all(char in b"0123456789ABCDEFabcdef" for char in line):
        return Finding(used, stray="a line that is no ASCII frame")
    message = bytes.fromhex(line.decode("ascii"))
    if len(message) < 4 or not FramerAscii.check_LRC(message[:-1], message[-1]):
        return Finding(used, stray="a frame with a wrong checksum")
    if message[0] != request.unit:
        return Finding(used, stray=f"unit {message[0]} answered instead of unit {request.unit}")
    mismatch = _mismatch(message[1:-1], request)
    return Finding(used, stray=mismatch) if mismatch else Finding(used, message[1:-1])


def _search_tcp(buffer: bytes, request: Request, transaction: int) -> Finding:
    if len(buffer) < 8 or len(buffer) < (used := _tcp_size(buffer)):
        return Finding()
    if int.from_bytes(buffer[:2], "big") != transaction:
        return Finding(used, stray="a late answer to an earlier request")
    if buffer[6] != request.unit:
        return Finding(used, stray=f"unit {buffer[6]} answered instead of unit {request.unit}", final=True)
    pdu = buffer[7:used]
    mismatch = _mismatch(pdu, request)
    return Finding(used, stray=mismatch, final=True) if mismatch else Finding(used, pdu)


def _tcp_size(buffer: bytes) -> int:
    length = int.from_bytes(buffer[4:6], "big")
    if buffer[2:4] != b"\0\0" or not 3 <= length <= 254:
        raise OutOfStep("no Modbus header on the connection", bytes(buffer[:16]))
    return 6 + length
