"""Meters on a line, asked by masters that others wrote: minimalmodbus over a pty, pymodbus over TCP."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import minimalmodbus
import pytest
import pytest_asyncio
from hub_simulator.profile import MeterProfile, read_profile
from hub_simulator.registers import Registers
from hub_simulator.serial_line import SerialLine
from hub_simulator.slave import Unit, Units, checksum
from hub_simulator.tcp_line import PortTaken, TcpLine
from pymodbus.client import AsyncModbusTcpClient

PROFILE = """
source: "a test"
modbus: {max_read: 125, holes: true}
points:
  value_{0..99}: {address: 0, type: u16}
  relay: {address: 0x200, bit: 0, write: {function: 5, address: 3}}
  setting: {address: 0x201, write: {function: 6, address: 0x201}}
  contact: {address: 9, function: 2}
"""


@pytest.fixture
def profile(tmp_path: Path) -> MeterProfile:
    (tmp_path / "meter.yaml").write_text(PROFILE)
    return read_profile("t/meter", {"t/meter": tmp_path / "meter.yaml"})


class Bench:
    """Two meters, 1 and 2; meter 2 can be made silent."""

    def __init__(self, profile: MeterProfile) -> None:
        self.silent = False
        self.orders: list[tuple[str, bool]] = []
        sources = {f"value_{i}": partial(float, 1000 + i) for i in range(100)}
        sources |= {"contact": partial(float, 1), "relay": partial(float, 0), "setting": partial(float, 0)}
        order = lambda key, on: self.orders.append((key, on))  # noqa: E731
        self.units = Units(
            [
                Unit(1, Registers(profile, dict(sources)), 0.002, order=order),
                Unit(2, Registers(profile, dict(sources)), 0.002, silent=lambda: self.silent),
            ]
        )


@pytest.fixture
def bench(profile: MeterProfile) -> Bench:
    return Bench(profile)


@pytest_asyncio.fixture
async def line(bench: Bench) -> AsyncIterator[SerialLine]:
    line = SerialLine(bench.units, 19200)
    line.start()
    yield line
    await line.close()


def master(path: Path, unit: int = 1, timeout: float = 1.0) -> minimalmodbus.Instrument:
    minimalmodbus._serialports.clear()
    instrument = minimalmodbus.Instrument(str(path), unit)
    instrument.serial.baudrate = 19200
    instrument.serial.timeout = timeout
    return instrument


async def ask(path: Path, work: Callable[[minimalmodbus.Instrument], object], unit: int = 1) -> object:
    """What `work` makes of a master on the line; the port is closed at the end."""
    instrument = master(path, unit)
    try:
        return await asyncio.to_thread(work, instrument)
    finally:
        instrument.serial.close()


async def test_an_independent_master_reads_registers_and_inputs(line: SerialLine, bench: Bench) -> None:
    assert await ask(line.path, lambda m: m.read_registers(0, 100)) == [1000 + i for i in range(100)]
    assert await ask(line.path, lambda m: m.read_registers(5, 2, functioncode=4), unit=2) == [1005, 1006]
    assert await ask(line.path, lambda m: m.read_bits(8, 3, functioncode=2)) == [0, 1, 0]
    assert bench.units.served == 3


async def test_a_reply_takes_at_least_its_time_on_the_wire(line: SerialLine) -> None:
    began = time.monotonic()
    await ask(line.path, lambda m: m.read_registers(0, 100))
    assert time.monotonic() - began >= (8 + 205) * 10 / 19200


async def test_orders_reach_the_meter_and_are_echoed(line: SerialLine, bench: Bench) -> None:
    await ask(line.path, lambda m: m.write_bit(3, 1))
    await ask(line.path, lambda m: m.write_register(0x201, 1, functioncode=6))
    await ask(line.path, lambda m: m.write_registers(0x201, [0]))
    await ask(line.path, lambda m: m.write_bits(3, [0]))
    assert bench.orders == [("relay", True), ("setting", True), ("setting", False), ("relay", False)]


async def test_what_is_no_order_is_refused(line: SerialLine, bench: Bench) -> None:
    with pytest.raises(minimalmodbus.IllegalRequestError):
        await ask(line.path, lambda m: m.write_register(5, 1, functioncode=6))
    assert not bench.orders


async def test_a_dead_or_absent_meter_is_silent_and_comes_back(line: SerialLine, bench: Bench) -> None:
    bench.silent = True
    for unit in (2, 9):
        with pytest.raises(minimalmodbus.NoResponseError):
            await ask(line.path, lambda m: m.read_register(0), unit=unit)
    bench.silent = False
    assert await ask(line.path, lambda m: m.read_register(0), unit=2) == 1000
    assert bench.units.ignored == 2


async def test_damaged_requests_get_no_answer_and_are_counted(line: SerialLine, bench: Bench) -> None:
    port = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        for junk in (b"\x01\x03\x00\x00\x00\x01\x00\x00", b"\x01\x0e\x00", b"\x01"):
            os.write(port, junk)
            await asyncio.sleep(0.1)
        with pytest.raises(BlockingIOError):
            os.read(port, 10)
    finally:
        os.close(port)
    assert bench.units.damaged == 3
    assert await ask(line.path, lambda m: m.read_register(0)) == 1000


async def test_who_speaks_while_a_meter_answers_is_not_heard(line: SerialLine) -> None:
    request = b"\x01\x03\x00\x00\x00\x64"
    port = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        os.write(port, request + checksum(request))
        await asyncio.sleep(0.05)
        os.write(port, request + checksum(request))
        await asyncio.sleep(0.3)
        assert len(os.read(port, 4096)) == 205
    finally:
        os.close(port)
    assert line.collisions == 1


async def test_an_independent_master_reads_over_tcp(bench: Bench) -> None:
    server = TcpLine(bench.units)
    await server.start()
    async with AsyncModbusTcpClient("127.0.0.1", port=server.port, retries=0) as client:
        reply = await client.read_holding_registers(10, count=3, device_id=2)
        assert reply.registers == [1010, 1011, 1012]
        absent = await client.read_holding_registers(10, count=3, device_id=7)
        assert absent.exception_code == 0x0B
        long = await client.read_holding_registers(65535, count=2, device_id=1)
        assert long.exception_code == 2
    await server.close()


async def test_a_taken_port_is_told_in_words(bench: Bench) -> None:
    first = TcpLine(bench.units)
    await first.start()
    with pytest.raises(PortTaken, match=f"port {first.port} of 127.0.0.1 is taken"):
        await TcpLine(bench.units, first.port).start()
    await first.close()
