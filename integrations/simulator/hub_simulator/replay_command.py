"""`kwhub replay`: a CSV file played through a simulated meter that a hub reads like any other."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hub_simulator.files import installed_profiles
from hub_simulator.folder import link
from hub_simulator.profile import ProfileFault, read_profile
from hub_simulator.recording import Columns, RecordingFault, read_recording
from hub_simulator.replay import RecordedMeter
from hub_simulator.serial_line import SerialLine
from hub_simulator.slave import Unit, Units
from hub_simulator.tcp_line import PortTaken, TcpLine

File = Annotated[Path, typer.Argument(help="a .csv or .csv.gz file")]
Profile = Annotated[str, typer.Option("--as", help="profile of the meter to be, such as sfere/pd194e_9hy")]
Energy = Annotated[list[str] | None, typer.Option(help="POINT=COLUMN, energy per interval, added up into a counter")]
Value = Annotated[list[str] | None, typer.Option(help="POINT=COLUMN, a value shown as it is")]
TimeColumn = Annotated[str, typer.Option("--time", help="column of the times")]
TimeFormat = Annotated[str, typer.Option(help="form of the times, as in %d/%m/%Y %H:%M; ISO 8601 when left out")]
Label = Annotated[str, typer.Option(help="which end of its interval a row names: start or end")]
Midnight = Annotated[bool, typer.Option("--midnight-closes-day", help="the row 00:00 carries the day it ends")]
Zone = Annotated[str, typer.Option(help="time zone of times without an offset")]
Interval = Annotated[float, typer.Option(help="seconds between rows")]
Speed = Annotated[float, typer.Option(help="recorded seconds in one second", min=0.001)]
Serial = Annotated[Path | None, typer.Option(help="name to give the serial line, such as data/replay")]
Port = Annotated[int, typer.Option(help="TCP port of 127.0.0.1, when no serial line is wanted; 0 takes a free one")]
Delimiter = Annotated[str, typer.Option(help="what stands between columns")]


def replay(
    file: File,
    profile: Profile,
    *,
    time_column: TimeColumn = "time",
    energy: Energy = None,
    value: Value = None,
    time_format: TimeFormat = "",
    label: Label = "start",
    midnight: Midnight = False,
    zone: Zone = "UTC",
    interval: Interval = 900.0,
    delimiter: Delimiter = ",",
    speed: Speed = 1.0,
    serial: Serial = None,
    port: Port = 0,
    unit_id: Annotated[int, typer.Option(min=1, max=247)] = 1,
    baudrate: Annotated[int, typer.Option(help="pace of the serial line; 0 is none")] = 9600,
    pt: float = 1.0,
    ct: float = 1.0,
    base: Annotated[float, typer.Option(help="what the counters show at first")] = 0.0,
) -> None:
    """Play a recording through a simulated meter, at real or accelerated time, and end when it ends."""
    if label not in {"start", "end"}:
        raise typer.BadParameter("expected start or end", param_hint="--label")
    try:
        columns = Columns(
            time=time_column,
            energies=_pairs(energy, "--energy"),
            readings=_pairs(value, "--value"),
            time_format=time_format,
            label=cast("Literal['start', 'end']", label),
            midnight_closes_day=midnight,
            zone=ZoneInfo(zone),
            interval=interval,
            delimiter=delimiter,
        )
        meter = RecordedMeter(
            read_recording(file, columns), read_profile(profile, installed_profiles()), pt=pt, ct=ct, base=base
        )
        asyncio.run(_play(meter, unit_id=unit_id, speed=speed, serial=serial, baudrate=baudrate, port=port))
    except ZoneInfoNotFoundError:
        raise typer.BadParameter(f"no time zone {zone}", param_hint="--zone") from None
    except (RecordingFault, ProfileFault, PortTaken, OSError) as error:
        Console(stderr=True).print(str(error), style="red", highlight=False)
        raise typer.Exit(1) from None


def _pairs(items: list[str] | None, option: str) -> dict[str, str]:
    pairs = {}
    for item in items or []:
        point, found, column = item.partition("=")
        if not found:
            raise typer.BadParameter(f"expected POINT=COLUMN, found {item}", param_hint=option)
        pairs[point] = column
    return pairs


async def _play(
    meter: RecordedMeter, *, unit_id: int, speed: float, serial: Path | None, baudrate: int, port: int
) -> None:
    units = Units([Unit(unit_id, meter.registers)])
    async with AsyncExitStack() as stack:
        where = await _open(units, serial, baudrate, port, stack)
        Console().print(f"unit {unit_id} listens at {where}", highlight=False)
        work = asyncio.ensure_future(_advance(meter, units, speed))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        await asyncio.wait([work])
    if not work.cancelled():
        work.result()


async def _open(units: Units, serial: Path | None, baudrate: int, port: int, stack: AsyncExitStack) -> str:
    if serial is None:
        server = TcpLine(units, port)
        await server.start()
        stack.push_async_callback(server.close)
        return f"{server.host}:{server.port}"
    line = SerialLine(units, baudrate)
    line.start()
    stack.push_async_callback(line.close)
    serial.parent.mkdir(parents=True, exist_ok=True)
    path = link(serial.parent, serial.name, line.path)
    stack.callback(path.unlink, missing_ok=True)
    return f"{path}, {baudrate} baud"


async def _advance(meter: RecordedMeter, units: Units, speed: float) -> None:
    """Move the meter through its recording and show how far it is."""
    first, last = meter.recording.start, meter.recording.ends[-1]
    looks = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.1f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*looks) as progress:
        task = progress.add_task("", total=last - first)
        began = time.monotonic()
        while meter.position < last:
            await asyncio.sleep(0.2)
            meter.position = min(last, first + round((time.monotonic() - began) * speed * 1000))
            stands = time.strftime("%Y-%m-%d %H:%M", time.gmtime(meter.position / 1000))
            progress.update(
                task, completed=meter.position - first, description=f"{stands} UTC, {units.served} requests served"
            )
