"""A plant as a running process: its lines open, its time going on, its counters kept."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from hub_simulator.description import Description, Line
from hub_simulator.folder import held, link, load_memory, save_memory, write_listing
from hub_simulator.meters import build_lines, preset_rollovers
from hub_simulator.plant import Plant
from hub_simulator.serial_line import SerialLine
from hub_simulator.slave import Units
from hub_simulator.tcp_line import TcpLine

log = logging.getLogger(__name__)

_STEP_SECONDS = 1.0
_SAVE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the simulation did so far.

    `served` requests were answered, `ignored` were to silent or absent meters, `damaged` were no requests,
    `collisions` came while a meter spoke; `late_ms` is how late the last step of the plant was.
    """

    meters: int
    served: int
    ignored: int
    damaged: int
    collisions: int
    late_ms: float


def with_ports(description: Description, ports: Mapping[str, int]) -> Description:
    """The plant with other TCP ports for the lines named. Raises KeyError for a line that is not on TCP."""
    known = {line.key for line in description.lines if line.port is not None}
    for name in ports:
        if name not in known:
            raise KeyError(f"{name} is no TCP line of this plant; those are: {', '.join(sorted(known)) or 'none'}")
    lines = tuple(replace(line, port=ports.get(line.key, line.port)) for line in description.lines)
    return replace(description, lines=lines)


class RunningPlant:
    """The plant with every line open; enter it, then `run` it until it is cancelled."""

    def __init__(self, description: Description, files: Mapping[str, Traversable], folder: Path) -> None:
        self.folder = folder
        self.plant = _started(description, files, folder)
        self.units = build_lines(self.plant, files)
        self.listing: dict[str, Any] = {}
        self._serial: list[SerialLine] = []
        self._late_ms = 0.0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> RunningPlant:
        """Open the lines. Raises FolderTaken, or PortTaken when a TCP port belongs to another program."""
        async with AsyncExitStack() as stack:
            stack.enter_context(held(self.folder))
            for line in self.plant.description.lines:
                self.listing[line.key] = await self._open(line, self.units[line.key], stack)
            write_listing(self.folder, self.listing)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        save_memory(self.folder, self.plant.memory())
        await self._stack.aclose()

    async def run(self, report: Callable[[Report], None], seconds: float = 5.0) -> None:
        """Let the time of the plant go on, and `report` every so many `seconds`, for ever."""
        saved = reported = time.monotonic()
        while True:
            await asyncio.sleep(_STEP_SECONDS - time.time() % _STEP_SECONDS)
            self.plant.step(now := time.time_ns() // 1_000_000)
            self._late_ms = now % 1000
            if time.monotonic() - saved >= _SAVE_SECONDS:
                saved = time.monotonic()
                await asyncio.to_thread(save_memory, self.folder, self.plant.memory())
            if time.monotonic() - reported >= seconds:
                reported = time.monotonic()
                report(self.report())

    def report(self) -> Report:
        """What was done so far."""
        lines = self.units.values()
        return Report(
            meters=sum(len(line.by_id) for line in lines),
            served=sum(line.served for line in lines),
            ignored=sum(line.ignored for line in lines),
            damaged=sum(line.damaged for line in lines),
            collisions=sum(line.collisions for line in self._serial),
            late_ms=self._late_ms,
        )

    async def _open(self, line: Line, units: Units, stack: AsyncExitStack) -> dict[str, Any]:
        meters = {meter.device: meter.unit_id for meter in self.plant.description.on_line(line.key)}
        if line.port is not None:
            server = TcpLine(units, line.port)
            await server.start()
            stack.push_async_callback(server.close)
            return {"tcp": f"{server.host}:{server.port}", "units": meters}
        bits = 10 + (line.parity != "none") + (line.stop_bits - 1)
        serial = SerialLine(units, line.baudrate, bits)
        serial.start()
        stack.push_async_callback(serial.close)
        path = link(self.folder, line.key, serial.path)
        stack.callback(_unlink, path)
        self._serial.append(serial)
        return {"serial": str(path), "pty": str(serial.path), "baudrate": line.baudrate, "units": meters}


def as_dict(report: Report) -> dict[str, float]:
    """The report by name."""
    return asdict(report)


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _started(description: Description, files: Mapping[str, Traversable], folder: Path) -> Plant:
    """The plant as it stands now: gone on from what the folder remembers, or with a past made up for it."""
    now = time.time_ns() // 1_000_000
    plant = Plant(description, now)
    kept = load_memory(folder)
    if kept:
        try:
            plant.remember(kept)
        except (KeyError, ValueError) as error:
            log.warning("%s belongs to another plant (%s): its meters start anew", folder / "memory.npz", error)
        else:
            plant.step(now)
            return plant
    local = datetime.fromtimestamp(now / 1000, description.zone)
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    plant = Plant(description, now)
    plant.run_in(round(month.timestamp() * 1000), now)
    preset_rollovers(plant, files)
    return plant
