"""Charts and live blocks of the data pages in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from web.plant import Plant
from web.recorded import Recorded
from web.test_browser import opened

pytestmark = pytest.mark.browser

INK = """selector => {
  const canvas = document.querySelector(selector + ' canvas');
  const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
  const paper = copy.getContext('2d', { willReadFrequently: true });
  paper.drawImage(canvas, 0, 0);
  const data = paper.getImageData(0, 0, canvas.width, canvas.height).data;
  const shades = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) shades.add(data.slice(i, i + 3).join());
  return shades.size;
}"""
"""How many different opaque colours a canvas holds: none when nothing is drawn."""


async def drawn(page: Page, selector: str) -> None:
    await page.wait_for_selector(f"{selector} canvas")
    await page.wait_for_function(f"selector => ({INK})(selector) > 2", arg=selector)


@pytest.mark.parametrize(
    ("path", "chart"),
    [
        ("/p/demo/overview", "hub-chart"),
        ("/p/demo/live/incomer", "hub-trend"),
        ("/p/demo/history?p=incomer.active_power&p=incomer.active_energy_import&r=day&step=hour", "hub-chart"),
        ("/p/demo/history?p=incomer.active_energy_import&r=hour&step=raw", "hub-chart"),
    ],
)
async def test_a_chart_is_drawn_in_both_themes_without_a_word_of_complaint(
    recorded: Recorded, browser: Browser, path: str, chart: str
) -> None:
    async with opened(browser, recorded, viewport={"width": 1440, "height": 960}) as (page, said):
        await page.goto(path)
        await drawn(page, chart)
        await page.click("[data-act=theme]")
        await drawn(page, chart)
        assert said == []


async def test_charts_and_stream_survive_going_from_page_to_page(recorded: Recorded, browser: Browser) -> None:
    async with opened(browser, recorded, viewport={"width": 1440, "height": 960}) as (page, said):
        await page.goto("/p/demo/overview")
        for name, chart in (("Live", ""), ("Overview", "hub-chart"), ("History", ""), ("Overview", "hub-chart")):
            await page.get_by_role("navigation", name="Main").first.get_by_role("link", name=name, exact=True).click()
            await expect(page.get_by_role("heading", level=1)).to_have_text(name)
            if chart:
                await drawn(page, chart)
            await expect(page.locator("hub-chart canvas")).to_have_count(1 if chart else 0)
        assert said == []


async def test_the_harmonics_card_is_drawn_and_changes_alone(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, viewport={"width": 1440, "height": 960}) as (page, said):
        await page.goto("/p/demo/live/incomer")
        await drawn(page, "#harmonics hub-chart")
        await page.locator("#harmonics summary").click()
        await expect(page.locator("#harmonics tbody tr")).to_have_count(52)
        assert said == []


async def test_vectors_follow_the_meter_while_the_trend_goes_on(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, viewport={"width": 1440, "height": 960}) as (page, said):
        await page.goto("/p/demo/live/incomer")
        await drawn(page, "hub-trend")
        before = await page.locator("svg.phasor").get_attribute("aria-label")
        plant.devices["incomer"].report({f"reactive_power_{p}": -4.0 for p in ("l1", "l2", "l3")})
        await expect(page.locator("svg.phasor")).not_to_have_attribute("aria-label", before or "", timeout=20_000)
        plant.devices["incomer"].report({"current_l1": 77.25})
        await expect(page.locator('.phases [data-p="incomer.current_l1"]')).to_have_text("77.25", timeout=20_000)
        await expect(page.locator("hub-trend .u-legend")).to_contain_text("77.25", timeout=20_000)
        await drawn(page, "hub-trend")
        assert said == []


async def test_a_filter_of_the_list_brings_its_rows_and_their_live_values(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, viewport={"width": 1440, "height": 960}) as (page, said):
        await page.goto("/p/demo/live")
        await page.locator("#q").press_sequentially("press 3")
        await expect(page.locator("tbody tr")).to_have_count(1, timeout=20_000)
        await expect(page.locator("#q")).to_be_focused()
        plant.devices["press_3"].report({"active_power": 12.5})
        await expect(page.locator('[data-p="press_3.active_power"]')).to_have_text("12.5", timeout=20_000)
        assert "q=press+3" in page.url
        assert said == []


async def test_points_are_chosen_one_after_the_other(recorded: Recorded, browser: Browser) -> None:
    async with opened(browser, recorded, viewport={"width": 1440, "height": 960}) as (page, said):
        await page.goto("/p/demo/history")
        await page.locator("#d").select_option("incomer")
        await expect(page.locator("#p")).to_be_enabled(timeout=20_000)
        await page.locator("#p").select_option("incomer.active_power")
        await drawn(page, "hub-chart")
        await page.locator("#p").select_option("incomer.current_l2")
        await expect(page.locator("table.fold tbody tr")).to_have_count(2, timeout=20_000)
        await page.locator("#from").fill("2026-11-22T08:00")
        await expect(page.locator("#r")).to_have_value("custom")
        await page.get_by_role("link", name="Remove Incomer 1 · Current B").click()
        await expect(page.locator("table.fold tbody tr")).to_have_count(1, timeout=20_000)
        assert said == []


@pytest.mark.parametrize(
    "path",
    ["/p/demo/overview", "/p/demo/live", "/p/demo/live/incomer", "/p/demo/history?p=incomer.active_power&step=15min"],
)
async def test_a_page_without_scripts_still_tells_everything(recorded: Recorded, browser: Browser, path: str) -> None:
    async with opened(browser, recorded, java_script_enabled=False) as (page, said):
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await expect(page.locator("main")).to_contain_text("120")
        assert said == []
