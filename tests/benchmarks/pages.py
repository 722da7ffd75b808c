"""What a page of 500 live values costs a browser: time until complete, scripting a tick, wire to screen.

Real Chromium, real server, a plant of 60 devices whose every figure changes each second.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import CDPSession, Page, async_playwright
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hub.core.health import Fault
from web.conftest import CHROMIUM, FLAGS
from web.plant import Plant

PAGE = "/p/demo/devices"
METERS = 60
LINES = 20
TICKS = 20
LOADS = 15


async def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory() as folder:
        plant = Plant(Path(folder), meters=METERS, lines=LINES)
        await plant.start()
        plant.report()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = await browser.new_page(viewport={"width": 1440, "height": 960})
                devtools = await page.context.new_cdp_session(page)
                rows = [*await complete(page, devtools, plant), *await ticks(page, devtools, plant)]
                rows += await wire_to_screen(page, plant)
                await browser.close()
        finally:
            await plant.close()
    table = Table(title="Pages in Chromium")
    for heading in ("what", "median", "worst", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


async def complete(page: Page, devtools: CDPSession, plant: Plant) -> list[tuple[str, str, str, str]]:
    """From the request to the load event, without and with the browser's cache."""
    found = []
    for cached in (False, True):
        await devtools.send("Network.setCacheDisabled", {"cacheDisabled": not cached})
        times = []
        for _ in range(LOADS):
            await page.goto(plant.url + PAGE)
            times.append(await page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        found.append(row(f"page complete, {'cached' if cached else 'nothing cached'}", times, "400 ms"))
    return found


async def ticks(page: Page, devtools: CDPSession, plant: Plant) -> list[tuple[str, str, str, str]]:
    """Processor time of the page in each second, which brings one frame in which every value differs."""
    await devtools.send("Performance.enable")
    await page.goto(plant.url + PAGE)
    await page.wait_for_selector(".live[data-state=ok]")
    values = await page.evaluate("document.querySelectorAll('[data-p]').length")
    await asyncio.sleep(2.0)
    script, layout = [], []
    before = await metrics(devtools)
    for tick in range(TICKS):
        change_everything(plant, tick)
        await asyncio.sleep(1.0)
        after = await metrics(devtools)
        script.append((after["ScriptDuration"] - before["ScriptDuration"]) * 1000)
        layout.append(sum(after[name] - before[name] for name in ("LayoutDuration", "RecalcStyleDuration")) * 1000)
        before = after
    return [
        row(f"scripting a second, {values} live values", script, "8 ms"),
        row("style and layout a second", layout, "-"),
    ]


async def wire_to_screen(page: Page, plant: Plant) -> list[tuple[str, str, str, str]]:
    """From a reading's arrival in the hub to its figures in the page."""
    await page.goto(f"{plant.url}/p/demo/devices/incomer")
    await page.wait_for_selector(".live[data-state=ok]")
    cell = '[data-p="incomer.active_energy_import"]'
    times = []
    for n in range(TICKS):
        await asyncio.sleep(random.random())
        value = 500_000 + n
        start = time.perf_counter()
        plant.devices["incomer"].report({"active_energy_import": value})
        await page.wait_for_function(
            "([cell, text]) => document.querySelector(cell).textContent === text", arg=[cell, f"{value:,}.0"]
        )
        times.append((time.perf_counter() - start) * 1000)
    return [row("reading taken in until it shows", times, "2,000 ms")]


def change_everything(plant: Plant, tick: int) -> None:
    """Move every counter of every device."""
    now = plant.core.clock.now_ms()
    for link in plant.links:
        link.spent(plant.core.clock.monotonic(), 0.01 * (tick % 7 + 1))
        link.up, link.cycle_seconds = bool(tick % 2), 2 + tick / 10
    for device in plant.devices.values():
        device.health.answer(now, 20.0 + tick)
        for fault in Fault:
            device.health.fail(now, fault, "counted for this measurement")
        device.health.silent = bool(tick % 2)


async def metrics(devtools: CDPSession) -> dict[str, float]:
    """Chromium's own account of the page."""
    answer = await devtools.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in answer["metrics"]}


def row(what: str, times: list[float], goal: str) -> tuple[str, str, str, str]:
    """One line of the table from times in ms."""
    return what, f"{statistics.median(times):,.1f} ms", f"{max(times):,.1f} ms", goal


if __name__ == "__main__":
    asyncio.run(main())
