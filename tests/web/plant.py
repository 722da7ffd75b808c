"""A small plant for tests of pages: real configuration, core, history and supervisor behind a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import voluptuous as vol
from aiohttp import web

from hub.config import Configuration, load
from hub.core.core import Core
from hub.history import History
from hub.plugins import Installed, load_plugins
from hub.sdk import DEVICE, Confidence, Config, Context, Device, Integration, Kind, LinkHealth, Point
from hub.supervisor import Supervisor
from hub.web.app import create_app
from hub.web.services import Services

PHASES = ("l1", "l2", "l3")

METER = (
    *(Point(f"voltage_{p}", "V", believable=(0, 1000)) for p in PHASES),
    *(Point(f"current_{p}", "A") for p in PHASES),
    *(Point(f"{q}_{p}", u) for q, u in (("active_power", "kW"), ("reactive_power", "kvar")) for p in PHASES),
    Point("active_power", "kW"),
    Point("reactive_power", "kvar"),
    Point("apparent_power", "kVA"),
    Point("power_factor"),
    Point("frequency", "Hz"),
    Point("active_energy_import", "kWh", kind=Kind.COUNTER),
    *(Point(f"thd_current_{p}", "%") for p in PHASES),
    *(Point(f"harmonic_current_l1_{n}", "%", confidence=Confidence.ASSUMED) for n in range(2, 52)),
    Point("relay_1", kind=Kind.STATUS),
    Point("serial_number", kind=Kind.TEXT),
)

PROJECT = """\
project: demo
name: {en: Demo plant, zh: 示范工厂}
zone: Asia/Shanghai
phases: cn
breakers: cn
areas:
  substation: {name: {en: Substation, zh: 变电所}}
  press_shop: {name: {en: Press shop, zh: 冲压车间}, parent: substation}
main_meters: {electricity: [incomer]}
integrations:
  bench:
    - id: line_1
      devices:
        - {device: incomer, name: {en: Incomer 1, zh: 1号进线}, area: substation}
"""

OTHER = """\
project: steel
name: Steel works
zone: UTC
integrations:
  bench:
    - devices: [{device: furnace, name: Furnace}]
"""


class Plant:
    """The plant and its server; `device(key)` is a running device to report with, `url` where the pages are."""

    def __init__(self, folder: Path, meters: int = 6, lines: int = 1, reserve_mb: int = 64) -> None:
        self.core = Core()
        self.devices: dict[str, Device] = {}
        self.links: list[LinkHealth] = []
        self.plugins = load_plugins([EntryPoint("broken", "hub_no_such_plugin.plugin", "kwhub")])
        self.plugins.integrations["bench"] = Integration(
            "bench", vol.Schema({vol.Required("devices"): [vol.Schema(DEVICE)]}), self._run
        )
        self.plugins.installed.append(
            Installed("bench", "hub-bench", "1.2.3", "Meters of this test", "Apache-2.0", ["bench"])
        )
        self.folder = folder
        self.url = ""
        self._meters = meters
        self._lines = lines
        self._reserve_mb = reserve_mb
        self._stack = AsyncExitStack()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Read the configuration, open history, start every entry and the server."""
        self.configuration = self._configure()
        chosen = replace(self.configuration.settings.history, reserve_mb=self._reserve_mb)
        self.history = await History.open(self.folder / "data" / "history", self.core.clock, chosen)
        self._stack.push_async_callback(self.history.close)
        self.core.bus.attach(self.history.append)
        supervisor = Supervisor(self.core, self.plugins)
        self._stack.push_async_callback(supervisor.close)
        await supervisor.apply([], self.configuration.entries)
        while len(self.devices) < self._meters + 1:
            await asyncio.sleep(0.01)
        self.services = Services(
            self.core, self.history, lambda: self.configuration, self.plugins, self.core.clock.now_ms(), "0.1.0"
        )
        await self.serve()

    async def serve(self) -> None:
        """Start the server, on the same port when there was one before."""
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        self._runner = web.AppRunner(create_app(self.services), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop_serving(self) -> None:
        """Stop the server; the plant goes on."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def close(self) -> None:
        """Stop everything."""
        await self.stop_serving()
        await self._stack.aclose()

    def report(self, seed: int = 0) -> None:
        """One believable reading of every point of every device, all different for another `seed`."""
        chance = np.random.default_rng(seed)
        for n, device in enumerate(self.devices.values()):
            device.report(dict(_readings(chance, n, seed)))
            device.health.answer(self.core.clock.now_ms(), 20 + 10 * chance.random())
            self.links[0].spent(self.core.clock.monotonic(), 0.03)

    def _configure(self) -> Configuration:
        folder = self.folder / "config"
        folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(
            (f"    - id: line_{n + 1}\n      devices:\n" if n < self._lines else "")
            + f"        - {{device: press_{n}, name: {{en: Press {n}, zh: 压力机 {n}}}, area: press_shop}}\n"
            for n in range(1, self._meters)
        )
        (folder / "hub.yaml").write_text("data: ../data\nport: 0\nprojects: [demo.yaml, steel.yaml]\n")
        (folder / "demo.yaml").write_text(PROJECT + lines)
        (folder / "steel.yaml").write_text(OTHER)
        configuration = load(folder / "hub.yaml", self.plugins.integrations, self.plugins.profiles)
        assert not configuration.errors, configuration.errors
        return configuration

    async def _run(self, context: Context, config: Config) -> None:
        link = context.add_link(context.entry, "/dev/ttyUSB0 9600 8N1")
        link.up, link.cycle_seconds, link.cycle_goal_seconds = True, 4.2, 5.0
        self.links.append(link)
        for n, described in enumerate(config["devices"], 1):
            details = {name: described[name] for name in ("name", "area", "medium")}
            key = described["device"]
            self.devices[key] = context.add_device(
                key, METER, manufacturer="Acme", model="PM 5", profile="acme/pm5", address=f"unit {n}", **details
            )
        self.core.health.alive(context.health)
        await asyncio.Event().wait()


def _readings(chance: np.random.Generator, n: int, seed: int) -> Iterator[tuple[str, float | str]]:
    factor = 0.9 + 0.05 * chance.random()
    powers = []
    for phase in PHASES:
        voltage, current = 228 + 6 * chance.random(), 40 * (n + 1) + 10 * chance.random()
        powers.append(voltage * current * factor / 1000)
        yield f"voltage_{phase}", voltage
        yield f"current_{phase}", current
        yield f"active_power_{phase}", powers[-1]
        yield f"reactive_power_{phase}", powers[-1] * 0.4
        yield f"thd_current_{phase}", 4 + chance.random()
    yield from (
        ("active_power", sum(powers)),
        ("reactive_power", sum(powers) * 0.4),
        ("apparent_power", sum(powers) / factor),
        ("power_factor", factor),
        ("frequency", 49.98 + 0.04 * chance.random()),
        ("active_energy_import", 120_000.0 + 1000 * n + seed),
        ("relay_1", float(seed % 2)),
        ("serial_number", f"SN-{n:04d}"),
    )
    for order in range(2, 52):
        yield f"harmonic_current_l1_{order}", 10 / order * chance.random()
