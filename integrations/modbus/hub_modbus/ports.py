"""The ways out of the machine: a serial port or a TCP connection, as bytes in and bytes out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import serial

from hub.sdk import LinkError
from hub_modbus.wire import Framing, Wire

Received = Callable[[bytes], None]
Lost = Callable[[str], None]

CONNECT_SECONDS = 5.0


class Port(Protocol):
    """An open way out."""

    def write(self, data: bytes) -> None:
        """Send all of `data`, or report the port as lost."""

    def close(self) -> None:
        """Give the port back at once; a second call does nothing."""


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """A serial line as it is configured."""

    port: str
    baudrate: int = 9600
    parity: str = "none"
    stop_bits: float = 1
    data_bits: int = 8
    framing: Framing = Framing.RTU
    timeout_ms: int = 0

    @property
    def wire(self) -> Wire:
        """The line's arithmetic."""
        bits = 1 + self.data_bits + (self.parity != "none") + (2 if self.stop_bits > 1 else 1)
        return Wire(self.framing, self.baudrate, bits)

    def __str__(self) -> str:
        parity = self.parity[0].upper()
        return f"{self.port} {self.baudrate} {self.data_bits}{parity}{self.stop_bits:g}"

    async def open(self, received: Received, lost: Lost) -> Port:
        """The port, opened for us alone. Raises LinkError saying what to do about it."""
        return SerialPort(self, received, lost)


@dataclass(frozen=True, slots=True)
class TcpSettings:
    """A TCP connection as it is configured; `timeout_ms` is the least time-out on it, whatever a profile says."""

    host: str
    port: int = 502
    framing: Framing = Framing.TCP
    timeout_ms: int = 1000

    @property
    def wire(self) -> Wire:
        """The connection's arithmetic."""
        return Wire.network(self.framing)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (f" ({self.framing})" if self.framing is not Framing.TCP else "")

    async def open(self, received: Received, lost: Lost) -> Port:
        """The connection. Raises LinkError when nobody answers there."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, port = await loop.create_connection(lambda: _TcpPort(received, lost), self.host, self.port)
        except TimeoutError:
            raise LinkError(f"{self}: no connection within {CONNECT_SECONDS:g} s") from None
        except OSError as error:
            raise LinkError(f"{self}: {error.strerror or error}") from None
        return port


Settings = SerialSettings | TcpSettings


class _TcpPort(asyncio.Protocol):
    def __init__(self, received: Received, lost: Lost) -> None:
        self._received = received
        self._lost = lost
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 — for the type checker: a stream it is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost(f"connection lost: {exc}" if exc else "connection closed by the other end")

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class SerialPort:
    """A serial port on the event loop, locked against a second program."""

    def __init__(self, settings: SerialSettings, received: Received, lost: Lost) -> None:
        self._name = settings.port
        self._received = received
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._serial: serial.Serial | None = _opened(settings)
        self._loop.add_reader(self._serial.fileno(), self._readable)

    def write(self, data: bytes) -> None:
        """Send all of `data`; a frame is shorter than the driver's buffer."""
        if self._serial is None:
            return
        try:
            sent = os.write(self._serial.fileno(), data)
        except OSError as error:
            self._fail(error.strerror or str(error))
            return
        if sent < len(data):
            self._fail(f"took {sent} of {len(data)} bytes: is its flow control on?")

    def close(self) -> None:
        """Give the port back."""
        if self._serial is not None:
            self._loop.remove_reader(self._serial.fileno())
            with contextlib.suppress(OSError):
                self._serial.close()
            self._serial = None

    def _readable(self) -> None:
        if self._serial is None:
            return
        try:
            data = os.read(self._serial.fileno(), 4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error.strerror or str(error))
            return
        if data:
            self._received(data)
        else:
            self._fail("unplugged")

    def _fail(self, reason: str) -> None:
        self.close()
        self._lost(f"serial port {self._name}: {reason}")


def _opened(settings: SerialSettings) -> serial.Serial:
    try:
        port = serial.Serial(
            settings.port, settings.baudrate, settings.data_bits, settings.parity[0].upper(), settings.stop_bits,
            timeout=0, exclusive=True,
        )  # fmt: skip
    except (serial.SerialException, OSError, ValueError) as error:
        raise LinkError(_why_not(settings, error)) from None
    with contextlib.suppress(OSError, ValueError, NotImplementedError):
        port.set_low_latency_mode(True)
    return port


def _why_not(settings: SerialSettings, error: Exception) -> str:
    number = getattr(error, "errno", None)
    place = f"serial port {settings.port}"
    if number in (errno.EAGAIN, errno.EBUSY):
        return f"{place} is taken by another program (or another entry of this hub): one line, one master"
    if number == errno.ENOENT:
        return f"{place} does not exist: is the adapter plugged in? On Linux look in /dev/serial/by-id"
    if number in (errno.EACCES, errno.EPERM):
        return f"{place}: no permission; the hub's user must be in the group that owns it (often dialout)"
    if isinstance(error, ValueError):
        return f"{place} cannot do {settings.baudrate} baud, {settings.parity} parity, {settings.stop_bits:g} stop bits"
    return f"{place} cannot be opened: {error}"
