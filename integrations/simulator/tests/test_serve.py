"""A plant as a process: links, listing, taken folders and ports, and counters that survive a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
from hub_simulator.commands import simulate
from hub_simulator.description import Description, PlantError, read_description
from hub_simulator.folder import FolderTaken, load_memory
from hub_simulator.serve import Report, RunningPlant, with_ports
from hub_simulator.tcp_line import PortTaken
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from typer.testing import CliRunner

SMALL = """
zone: Asia/Shanghai
circuits:
  incomer: {voltage: 400, rating: 100, loss: 0.01}
  drive: {parent: incomer, rating: 50, kind: drive, pattern: continuous}
lines:
  line_1: {baudrate: 19200}
  tcp_1: {port: 0}
meters:
  incomer: {line: line_1, unit_id: 1, profile: sfere/dts1946, circuit: incomer}
  drive: {line: tcp_1, unit_id: 1, profile: sfere/dts1946, circuit: drive}
"""


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path / "small.yaml"


@pytest.fixture
def small(small_file: Path) -> Description:
    return read_description(small_file)


Files = Mapping[str, Traversable]


async def test_the_lines_appear_answer_and_go_away(small: Description, profiles: Files, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    async with RunningPlant(small, profiles, folder) as running:
        listing = json.loads((folder / "listens.json").read_text())
        assert listing["line_1"]["units"] == {"incomer": 1}
        async with AsyncModbusSerialClient(str(folder / "line_1"), baudrate=19200, retries=0) as client:
            reply = await client.read_holding_registers(0, count=2)
            volts = client.convert_from_registers(reply.registers, client.DATATYPE.FLOAT32)
            assert volts == pytest.approx(231, rel=0.05)
        port = int(listing["tcp_1"]["tcp"].split(":")[1])
        async with AsyncModbusTcpClient("127.0.0.1", port=port, retries=0) as client:
            assert not (await client.read_holding_registers(0, count=52)).isError()
        assert running.report().served == 2
    assert not (folder / "line_1").exists()
    assert load_memory(folder) is not None


async def test_time_goes_on_and_is_reported(small: Description, profiles: Files, tmp_path: Path) -> None:
    reports: list[Report] = []
    async with RunningPlant(small, profiles, tmp_path / "run") as running:
        before = running.plant.at_ms
        work = asyncio.ensure_future(running.run(reports.append, seconds=0.0))
        while len(reports) < 2:
            await asyncio.sleep(0.05)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        assert running.plant.at_ms > before
    assert reports[0].meters == 2


async def test_a_restart_goes_on_with_the_counters(small: Description, profiles: Files, tmp_path: Path) -> None:
    async with RunningPlant(small, profiles, tmp_path) as running:
        first = running.plant.imported.amount.copy()
    async with RunningPlant(small, profiles, tmp_path) as running:
        grown = running.plant.imported.amount - first
    assert (grown >= 0).all()
    assert grown.max() < 60_000 * 3_600_000


async def test_memory_of_another_plant_starts_the_meters_anew(
    small: Description, demo: Description, profiles: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with RunningPlant(small, profiles, tmp_path):
        pass
    lines = tuple(replace(line, port=0) if line.port else line for line in demo.lines)
    async with RunningPlant(replace(demo, lines=lines), profiles, tmp_path):
        pass
    assert "belongs to another plant" in caplog.text


async def test_a_folder_serves_one_simulation_only(small: Description, profiles: Files, tmp_path: Path) -> None:
    async with RunningPlant(small, profiles, tmp_path):
        with pytest.raises(FolderTaken, match="runs here already"):
            await RunningPlant(small, profiles, tmp_path).__aenter__()


async def test_a_taken_port_leaves_nothing_behind(small: Description, profiles: Files, tmp_path: Path) -> None:
    async with RunningPlant(small, profiles, tmp_path / "one") as running:
        port = int(running.listing["tcp_1"]["tcp"].split(":")[1])
        other = with_ports(small, {"tcp_1": port})
        with pytest.raises(PortTaken, match=str(port)):
            await RunningPlant(other, profiles, tmp_path / "two").__aenter__()
    assert not (tmp_path / "two" / "line_1").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: drive", "kind: driver", r"circuits\.drive\.kind"),
        ("parent: incomer", "parent: incomr", r"'incomr' must be described above it"),
        ("line: tcp_1", "line: tcp_2", r"meters\.drive\.line: 'tcp_2' is not described; known: line_1, tcp_1"),
        ("line: tcp_1", "line: line_1", r"meters\.drive\.unit_id: 1 on line_1 is taken by incomer"),
        ("circuit: drive", "pt: 1", "expected either a circuit or a flow"),
        ("zone: Asia/Shanghai", "zone: Asia/Shanghi", "no time zone 'Asia/Shanghi'"),
    ],
)
def test_a_mistake_in_the_plant_is_told_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "wrong.yaml").write_text(SMALL.replace(old, new, 1))
    with pytest.raises(PlantError, match=words):
        read_description(tmp_path / "wrong.yaml")


def test_the_command_refuses_what_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("circuits: {}\n")
    result = CliRunner().invoke(simulate, ["plant", str(tmp_path / "wrong.yaml"), "--folder", str(tmp_path)])
    assert result.exit_code == 1
    result = CliRunner().invoke(simulate, ["plant", "--port", "tcp_9=1", "--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert "tcp_9 is no TCP line" in result.output


async def test_the_child_process_ends_when_its_parent_does(small_file: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hub_simulator", str(tmp_path / "run"), str(small_file)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        first = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        assert first["meters"] == 2
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
    assert load_memory(tmp_path / "run") is not None
