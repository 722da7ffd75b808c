"""The whole hub as its own process: started, killed, reconfigured and stopped as an operator would."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.core.quality import Quality
from hub.core.registry import Registry
from hub.history import History, HistorySettings
from hub.store import Store
from hub.testing.conformance import free_port

FREQUENCY = 0x53
"""Register of the frequency, 0.01 Hz, in the integer block of a PD194 meter."""


class Plant:
    """A folder with a configuration that tests change, and the process of a hub that runs it."""

    def __init__(self, folder: Path, meter: int) -> None:
        self.folder = folder
        self.port = free_port()
        self.meter = meter
        self.log = folder / "hub.log"
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "config").mkdir()
        self.write(["incomer_1"])

    def write(self, devices: list[str], host: str = "127.0.0.1") -> None:
        """Write hub.yaml and a project with one link per device, all to the same meter."""
        (self.folder / "config" / "hub.yaml").write_text(
            f"data: ../data\nhost: {host}\nport: {self.port}\nprojects: [mill.yaml]\n"
        )
        entries = "".join(
            f"""
    - id: link_{device}
      tcp: {{host: 127.0.0.1, port: {self.meter}, framing: tcp}}
      devices:
        - {{device: {device}, profile: sfere/pd19_integer, unit_id: 1, ratio: {{pt: 1, ct: 1}}, scan: {{fast: 0.2}}}}"""
            for device in devices
        )
        (self.folder / "config" / "mill.yaml").write_text(
            f"project: mill\nzone: UTC\nintegrations:\n  modbus:{entries}\n"
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Start a hub and return at once."""
        command = [sys.executable, "-m", "hub", "run", "--config", str(self.folder / "config")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        return self.process

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """A hub that serves pages; killed at the end if the test did not stop it."""
        process = self.start()
        try:
            self.until(lambda: self.get("/healthz")[0] == 200)
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(30)

    def until(self, predicate: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until `predicate` holds; fails with the hub's log."""
        deadline = time.monotonic() + seconds
        while not predicate():
            assert self.process is None or self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page; 0 while nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, ConnectionError):
            return 0, ""

    def shows(self, device: str, text: str) -> bool:
        """Whether the device's page shows `text`."""
        status, body = self.get(f"/p/mill/devices/{device}")
        return status == 200 and text in body

    async def kept(self, entity: str) -> Batch:
        """Everything in the history of `mill/device.point`, read while no hub runs."""
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder / 'data' / 'hub.db'}")
        history = await History.open(self.folder / "data" / "history", Clock(), HistorySettings())
        try:
            registry = Registry()
            await store.load_registry(registry)
            now = Clock().now_ms()
            return await history.raw(registry.rows([registry.entity(f"mill/{entity}")]), now - 3_600_000, now + 60_000)
        finally:
            await history.close()
            await store.close()


@pytest.fixture
async def meter() -> AsyncIterator[int]:
    """A Modbus TCP meter at the port given, whose registers are all zero but the frequency: 50.00 Hz."""
    registers = [0] * 300
    registers[FREQUENCY] = 5000
    data = [SimData(0, values=registers, datatype=DataType.REGISTERS)]
    port = free_port()
    server = ModbusTcpServer(SimDevice(1, simdata=data), address=("127.0.0.1", port))
    serving = asyncio.create_task(server.serve_forever())
    yield port
    await server.shutdown()
    serving.cancel()


@pytest.fixture
def plant(tmp_path: Path, meter: int) -> Plant:
    return Plant(tmp_path, meter)


async def test_a_hub_reads_its_meter_shows_it_and_stops_when_told(plant: Plant) -> None:
    def scene() -> None:
        with plant.running() as process:
            plant.until(lambda: plant.shows("incomer_1", "50.00"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, plant.log.read_text()

    await asyncio.to_thread(scene)
    kept = await plant.kept("incomer_1.frequency")
    assert kept.values[0] == 50.0
    assert kept.quality[-1] == Quality.NOT_TOPICAL, "a stopped hub knows nothing of now, and history says so"


async def test_a_killed_hub_comes_back_with_its_last_values_marked_as_old(plant: Plant) -> None:
    def first_life() -> None:
        with plant.running() as process:
            plant.until(lambda: plant.shows("incomer_1", "50.00"))
            time.sleep(2.0)
            process.kill()

    def second_life() -> None:
        plant.meter = free_port()
        plant.write(["incomer_1"])
        with plant.running():
            plant.until(lambda: plant.shows("incomer_1", "50.00"))
            time.sleep(2.0)

    await asyncio.to_thread(first_life)
    before = await plant.kept("incomer_1.frequency")
    await asyncio.to_thread(second_life)
    after = await plant.kept("incomer_1.frequency")
    assert after.at[: len(before)].tolist() == before.at.tolist()
    assert after.quality[len(before)] & Quality.NOT_TOPICAL


async def test_an_edit_is_applied_without_a_restart_and_a_broken_one_is_refused(plant: Plant) -> None:
    def scene() -> None:
        with plant.running():
            plant.until(lambda: plant.shows("incomer_1", "50.00"))
            plant.write(["incomer_1", "incomer_2"])
            plant.until(lambda: plant.shows("incomer_2", "50.00"))
            project = plant.folder / "config" / "mill.yaml"
            project.write_text(project.read_text().replace("sfere/pd19_integer", "sfere/pd19_intger", 1))
            plant.until(lambda: "edit refused" in plant.log.read_text())
            assert plant.shows("incomer_1", "50.00")
            assert plant.shows("incomer_2", "50.00")
            plant.write(["incomer_2"])
            plant.until(lambda: plant.get("/p/mill/devices/incomer_1")[0] == 404)
            assert plant.shows("incomer_2", "50.00")
            assert "link_incomer_2: ended" not in plant.log.read_text()

    await asyncio.to_thread(scene)
    refused = next(line for line in plant.log.read_text().splitlines() if "edit refused" in line)
    assert "mill.yaml:" in refused
    assert "pd19_integer" in refused, "the nearest known profile is named"


async def test_pages_are_refused_to_the_network_while_there_are_no_accounts(plant: Plant) -> None:
    plant.write(["incomer_1"], host="0.0.0.0")
    assert await asyncio.to_thread(plant.start().wait, 60) == 1
    assert "there are no accounts yet" in plant.log.read_text()


async def test_a_taken_port_is_told_in_words(plant: Plant) -> None:
    taken = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", plant.port)
    async with taken:
        assert await asyncio.to_thread(plant.start().wait, 60) == 1
    last = plant.log.read_text().splitlines()[-1]
    assert f"cannot serve pages at 127.0.0.1:{plant.port}" in last


async def test_the_console_checks_lists_and_names_what_is_wrong(plant: Plant) -> None:
    def kwhub(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hub", *words]
        return subprocess.run(command, cwd=plant.folder, capture_output=True, text=True, check=False, timeout=60)

    good = await asyncio.to_thread(kwhub, "check", "--config", "config")
    assert (good.returncode, good.stdout) == (0, "in order: 1 projects, 1 entries\n")
    project = plant.folder / "config" / "mill.yaml"
    project.write_text(project.read_text().replace("unit_id: 1", "unit_id: 999"))
    bad = await asyncio.to_thread(kwhub, "check", "--config", "config")
    assert bad.returncode == 1
    assert "mill.yaml:" in bad.stdout
    assert "unit_id" in bad.stdout
    listed = await asyncio.to_thread(kwhub, "plugins")
    assert "modbus" in listed.stdout
