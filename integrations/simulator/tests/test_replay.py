"""A recording as a meter: in step with its reader, or at a pace of its own."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
import typer
from hub_simulator.plugin import hub_commands
from hub_simulator.profile import read_profile
from hub_simulator.recording import Columns, Recording, RecordingFault, read_recording
from hub_simulator.replay import RecordedMeter, ReplayClock, SteppingUnit
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from typer.testing import CliRunner

Files = Mapping[str, Traversable]

PROFILE = "sfere/pd194e_9hy"
READ_ENERGY = bytes([3, 0, 0x54, 0, 2])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = ["when,kWh,U", "2018-01-01T00:15,3.17,229", "2018-01-01T00:30,4,230", "2018-01-01T00:45,0,231"]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    return tmp_path / "rows.csv"


@pytest.fixture
def recording(file: Path) -> Recording:
    return read_recording(file, Columns("when", {"active_energy_import": "kWh"}, {"voltage_l1": "U"}, label="end"))


def energy(reply: bytes) -> int:
    return int.from_bytes(reply[2:6], "big")


def test_each_reading_of_the_counter_is_one_interval_further_and_the_clock_with_it(
    recording: Recording, profiles: Files
) -> None:
    clock, over = ReplayClock(0), []
    meter = RecordedMeter(recording, read_profile(PROFILE, profiles))
    unit = SteppingUnit(1, meter, clock, lambda: over.append(clock.at_ms))
    seen = []
    for _ in range(5):
        reply = unit.answer(READ_ENERGY)
        seen.append((clock.now_ms() - recording.start, energy(reply)))
        unit.answer(bytes([3, 0, 0x3D, 0, 1]))
    assert seen == [(0, 0), (900_000, 3170), (1_800_000, 7170), (2_700_000, 7170), (2_700_000, 7170)]
    assert len(over) == 1


def test_values_and_mean_power_belong_to_the_interval(recording: Recording, profiles: Files) -> None:
    meter = RecordedMeter(recording, read_profile(PROFILE, profiles), ct=200, base=100)
    meter.position = recording.ends[0]
    registers = meter.registers
    assert registers.read(3, 0x3D, 1) == [2290]
    assert registers.read(3, 0x49, 1) == [round(3.17 * 4 / 200 * 1000)]
    assert registers.read(3, 0x54, 2) == [0, int(103.17 / 0.2)]
    assert registers.read(3, 0x6B, 2) == [1, 200]
    assert meter.resolution("active_energy_import") == pytest.approx(0.2)


def test_a_point_the_profile_lacks_is_refused(recording: Recording, profiles: Files) -> None:
    other = Recording(recording.ends, recording.interval_ms, {"active_energy": [0, 1, 2, 3]}, {})
    profile = read_profile("sfere/dds1946", profiles)
    with pytest.raises(RecordingFault, match="sfere/dds1946 has no point active_energy"):
        RecordedMeter(other, profile)


def replay(file: Path, *options: str) -> list[str]:
    described = ("--time", "when", "--energy", "active_energy_import=kWh", "--label", "end")
    return ["replay", str(file), "--as", PROFILE, *described, *options]


@asynccontextmanager
async def playing(file: Path, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The command as a process, and the first line it prints; stopped at the end if it still runs."""
    words = "import typer; from hub_simulator.plugin import hub_commands; cli = typer.Typer(); hub_commands(cli); cli()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", words, *replay(file, *options), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield process, (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def test_the_command_plays_a_file_at_its_pace_and_ends(file: Path) -> None:
    async with playing(file, "--speed", "900") as (process, heading):
        port = int(re.findall(r":(\d+)", heading)[0])
        counts: list[int] = []
        async with AsyncModbusTcpClient("127.0.0.1", port=port, retries=0) as client:
            while not counts or counts[-1] < 7170:
                reply = await client.read_holding_registers(0x54, count=2)
                counts.append(reply.registers[0] << 16 | reply.registers[1])
                await asyncio.sleep(0.05)
        assert counts == sorted(counts)
        assert len(set(counts)) > 3
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_the_command_makes_a_serial_line_and_takes_it_away(file: Path, tmp_path: Path) -> None:
    name = tmp_path / "lines" / "works"
    async with playing(file, "--serial", str(name), "--unit-id", "7", "--baudrate", "19200") as (process, heading):
        assert "unit 7 listens at" in heading
        async with AsyncModbusSerialClient(str(name), baudrate=19200, retries=0) as client:
            reply = await client.read_holding_registers(0x54, count=2, device_id=7)
            assert not reply.isError()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert not name.is_symlink()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--energy", "active_energy_import"), "expected POINT=COLUMN"),
        (("--label", "middle"), "expected start or end"),
        (("--zone", "Mars/Olympus"), "no time zone"),
        (("--as", "sfere/none"), "no profile 'sfere/none' is installed"),
        (("--time", "at"), "no column 'at'"),
    ],
)
def test_the_command_says_what_is_wrong(file: Path, options: tuple[str, ...], words: str) -> None:
    cli = typer.Typer()
    hub_commands(cli)
    result = CliRunner().invoke(cli, replay(file, *options))
    assert result.exit_code != 0
    assert words in " ".join(result.output.split())


def test_the_clock_of_a_replay_moves_only_by_the_replay() -> None:
    clock = ReplayClock(round(datetime(2018, 1, 1, tzinfo=UTC).timestamp() * 1000))
    assert clock.now_ms() == clock.now_ms()
    before = clock.monotonic()
    assert clock.monotonic() >= before
