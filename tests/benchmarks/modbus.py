"""Bus time, late replies and dead meters on a paced RS-485 line; pymodbus polled the plain way for comparison.

    python tests/benchmarks/modbus.py [requests]

The meters run in a process of their own, on a pty that takes 10 bits a character, and wait 3.5 characters before they
answer, as the standard has it. "Ideal" is (8 + 5 + 2n) characters, two silences and the turnaround: no program can be
faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hub_modbus.config import SCHEMA
from hub_modbus.frames import Request, RequestFailed
from hub_modbus.link import Link, Patience
from hub_modbus.poll import run
from hub_modbus.ports import SerialSettings
from hub_modbus.wire import Framing, Wire
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from hub.core.core import Core
from hub.core.health import EntryHealth
from hub.sdk import Context, LinkHealth

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from integrations.modbus.tests.rs485 import Line, Meter, Quirk

REGISTERS = 62
FIRST = 6
PROFILE = """\
source: made up for this benchmark
modbus: {{turnaround_ms: 20}}
scan: {{fast: {period}}}
points:
  value_{{1..31}}: {{address: 6, type: f32, scan: fast}}
"""


@contextmanager
def served(line: Line) -> Iterator[Line]:
    """The meters of `line` at work in another process, so that they take no time from the hub."""
    process = multiprocessing.get_context("fork").Process(target=line.run, daemon=True)
    process.start()
    try:
        yield line
    finally:
        line.stop()
        process.join(5)
        line.close()


def meters(count: int, quirk: Callable[[bytes], Quirk] = lambda pdu: Quirk(), dead: int = 0) -> list[Meter]:
    """Meters whose register r reads unit * 250 + r; the first `dead` of them never answer."""
    made = [
        Meter(unit, {r: (unit * 250 + r) & 0xFFFF for r in range(250)}, quirk=quirk) for unit in range(1, count + 1)
    ]
    for meter in made[:dead]:
        meter.quirk = lambda pdu: Quirk(drop=True)
    return made


async def bus_time(baudrate: int, rounds: int) -> tuple[float, float]:
    """Seconds taken (median of `rounds`) and seconds ideal for reading 62 registers of each of 20 meters."""
    took = []
    with served(Line(*meters(20), baudrate=baudrate)) as line:
        settings = SerialSettings(line.path, baudrate)
        async with Link(settings, LinkHealth("line")) as link:
            await link.ask(Request(1, 3, FIRST, REGISTERS), Patience(reply=3.0))
            for _ in range(rounds):
                began = time.perf_counter()
                for unit in range(1, 21):
                    with contextlib.suppress(RequestFailed):
                        await link.ask(Request(unit, 3, FIRST, REGISTERS), Patience(reply=1.0))
                took.append(time.perf_counter() - began)
    return statistics.median(took), 20 * settings.wire.read(3, REGISTERS)


async def entry(line: Line, baudrate: int, units: int, seconds: float, period: float) -> tuple[Context, float]:
    """The whole integration at work on `line`: its context, and answers a second over `seconds` after 5 s to settle."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "meter.yaml"
        profile.write_text(PROFILE.format(period=period))
        log = logging.getLogger("bench")
        context = Context(
            Core(), "line", "bench", "default", EntryHealth("line", "modbus", "bench"), log, {"bench/meter": profile}
        )
        devices = [
            {"device": f"meter_{unit}", "profile": "bench/meter", "unit_id": unit} for unit in range(1, units + 1)
        ]
        config = SCHEMA({"serial": {"port": line.path, "baudrate": baudrate}, "devices": devices})
        task = asyncio.create_task(run(context, config))
        await asyncio.wait([task], timeout=5)
        before = answers(context)
        await asyncio.wait([task], timeout=seconds)
        rate = (answers(context) - before) / seconds
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return context, rate


def answers(context: Context) -> int:
    """Answers of all devices so far."""
    return sum(health.answers for health in context.health.devices.values())


async def cycle() -> float:
    """Seconds of a cycle over 60 meters x 62 registers at 9600 baud, 20 ms turnaround, values and all."""
    with served(Line(*meters(60), baudrate=9600, turnaround=0.02)) as line:
        context, _ = await entry(line, 9600, 60, 24, period=1)
        return context.health.links["line"].cycle_seconds


async def neighbours(dead: int) -> float:
    """Answers a second of 9 sound meters beside `dead` dead ones, at 9600 baud, with nothing to wait for."""
    with served(Line(*meters(9 + dead, dead=dead), baudrate=9600, turnaround=0.02)) as line:
        _, rate = await entry(line, 9600, 9 + dead, 50, period=0.1)
        return rate


async def plain_cycle(dead: int) -> float:
    """Seconds of a cycle over 9 sound and `dead` dead meters with pymodbus as it comes: 3 retries, 0.3 s each."""
    with served(Line(*meters(9 + dead, dead=dead), baudrate=9600, turnaround=0.02)) as line:
        client = AsyncModbusSerialClient(line.path, baudrate=9600, timeout=0.3)
        await client.connect()
        began = time.perf_counter()
        for unit in range(1, 10 + dead):
            try:
                await client.read_holding_registers(FIRST, count=REGISTERS, device_id=unit)
            except ModbusException:
                await client.connect()
        client.close()
        return time.perf_counter() - began


def late_every_twentieth() -> Callable[[bytes], Quirk]:
    """One reply in twenty comes 41 to 60 ms late; the time-out is 40 ms."""
    number = itertools.count()

    def quirk(pdu: bytes) -> Quirk:
        n = next(number)
        return Quirk(delay=0.041 + 0.001 * (n // 20 % 20)) if n % 20 == 7 else Quirk()

    return quirk


def right(unit: int, address: int, registers: Sequence[int]) -> bool:
    """Whether the reply belongs to the question."""
    return list(registers) == [(unit * 250 + address) & 0xFFFF, (unit * 250 + address + 1) & 0xFFFF]


async def late_with_arbiter(requests: int) -> tuple[int, int, float]:
    """Requests without an answer, misattributed ones, and seconds."""
    lost = wrong = 0
    with served(Line(*meters(10, late_every_twentieth()), baudrate=115200)) as line:
        async with Link(SerialSettings(line.path, 115200), LinkHealth("line")) as link:
            began = time.perf_counter()
            for n in range(requests):
                unit, address = 1 + n // 3 % 10, n * 7 % 240
                try:
                    reply = await link.ask(Request(unit, 3, address, 2), Patience(0.04, late=0.1))
                    wrong += not right(unit, address, reply.tolist())
                except RequestFailed:
                    lost += 1
            return lost, wrong, time.perf_counter() - began


async def late_with_pymodbus(requests: int) -> tuple[int, int, float]:
    """The same with pymodbus' client in a plain loop, the same time-out, no retries."""
    lost = wrong = 0
    with served(Line(*meters(10, late_every_twentieth()), baudrate=115200)) as line:
        client = AsyncModbusSerialClient(line.path, baudrate=115200, timeout=0.04, retries=0)
        await client.connect()
        began = time.perf_counter()
        for n in range(requests):
            unit, address = 1 + n // 3 % 10, n * 7 % 240
            try:
                reply = await client.read_holding_registers(address, count=2, device_id=unit)
                wrong += not right(unit, address, reply.registers)
            except ModbusException:
                lost += 1
                if not client.connected:
                    await client.connect()
        client.close()
        return lost, wrong, time.perf_counter() - began


async def main(requests: int) -> None:
    """Print every figure."""
    for baudrate, rounds, least in ((9600, 5, 85), (19200, 7, 85), (115200, 25, 75)):
        took, ideal = await bus_time(baudrate, rounds)
        each = (took - ideal) / 20 * 1000
        share = f"{100 * ideal / took:5.1f} % of the ideal (goal {least}), {each:.2f} ms over"
        print(f"{baudrate:>7} baud, 62 registers   {share}")
    ideal = 60 * Wire(Framing.RTU, 9600).read(3, REGISTERS, 0.02)
    print(f"60 meters x 62 at 9600        {await cycle():5.2f} s a cycle (goal 12), ideal {ideal:.2f} s")
    alone, beside = await neighbours(0), await neighbours(1)
    print(f"a dead meter among 10         costs its neighbours {100 * (1 - beside / alone):.1f} % (goal 5)")
    sound, sick = await plain_cycle(0), await plain_cycle(1)
    print(f"  the same, plain pymodbus    costs its neighbours {100 * (1 - sound / sick):.1f} %")
    print(f"  cycle with a dead meter     {9 / beside:.2f} s against {sick:.2f} s: {sick * beside / 9:.2f} times")
    lost, wrong, took = await late_with_arbiter(requests)
    print(f"{requests} requests, 5 % late     {wrong} misattributed, {lost} without a value, {took:.1f} s")
    lost, wrong, plain = await late_with_pymodbus(requests)
    print(f"  the same, plain pymodbus    {wrong} misattributed, {lost} without a value, {plain:.1f} s")
    print(f"  time of ours by theirs      {took / plain:.2f}")


if __name__ == "__main__":
    logging.getLogger("bench").setLevel(logging.CRITICAL)
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
