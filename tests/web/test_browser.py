"""The pages in a real browser: accessible, quiet, within the screen, and alive."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from web.plant import Plant
from web.test_pages import pages

pytestmark = pytest.mark.browser

AXE = next((Path(__file__).parent / "vendor").glob("axe-core-*/axe.min.js")).read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
SCREENS = ((1440, 960), (390, 844), (1920, 1080))


@asynccontextmanager
async def opened(browser: Browser, plant: Plant, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and all that its console and its network had to complain of."""
    context = await browser.new_context(base_url=plant.url, **options)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("response", lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield page, said
    await context.close()


async def faults(page: Page) -> list[str]:
    """Violations of WCAG 2.2 AA that axe finds on the open page."""
    await page.evaluate(AXE)
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def trouble(plant: Plant) -> None:
    """Give the pages something unpleasant to show."""
    plant.devices["press_2"].lost("no answer in 300 ms, 3 tries")
    plant.devices["press_3"].health.warnings["zeros"] = "every register answers 0: is the profile right?"
    plant.devices["incomer"].report({"voltage_l2": None})
    plant.core.health.notices["clock"] = "clock went back 12.0 s; 3 live values re-stamped"


@pytest.mark.parametrize(("width", "height"), SCREENS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_is_accessible_quiet_and_as_wide_as_the_screen(
    plant: Plant, browser: Browser, theme: str, language: str, width: int, height: int
) -> None:
    trouble(plant)
    found = []
    async with opened(browser, plant, viewport={"width": width, "height": height}) as (page, said):
        for path in [*pages(), "/p/demo/devices/nobody"]:
            await page.goto(f"{path}?lang={language}&theme={theme}")
            await page.wait_for_selector(".live[data-state=ok]", state="attached")
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path} is wider than {width}")
            found += [f"{path} at {width}: {fault}" for fault in await faults(page)]
        found += [line for line in said if "devices/nobody" not in line and "status of 404" not in line]
    assert found == []


async def test_a_reading_shows_in_the_browser_by_itself(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant) as (page, said):
        await page.goto("/p/demo/devices/incomer")
        cell = page.locator('[data-p="incomer.active_power"]')
        await page.wait_for_selector(".live[data-state=ok]")
        plant.devices["incomer"].report({"active_power": 98_765.43})
        await expect(cell).to_have_text("98,765.4", timeout=10_000)
        plant.devices["incomer"].report({"active_power": None})
        await expect(cell).to_have_text("–invalid", timeout=10_000)
        await expect(cell).to_have_class("pv bad")
        plant.devices["incomer"].report({"active_power": -0.01})
        await expect(cell).to_have_text("0.0", timeout=10_000)
        await expect(cell).to_have_class("pv")
        assert said == []


async def test_texts_states_and_ages_follow_the_plant(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant) as (page, _):
        await page.goto("/p/demo/devices/incomer?q=relay&lang=zh-CN")
        relay = page.locator('[data-p="incomer.relay_1"]')
        await page.wait_for_selector(".live[data-state=ok]")
        plant.devices["incomer"].report({"relay_1": 1})
        await expect(relay).to_have_text("合", timeout=10_000)
        plant.devices["incomer"].report({"relay_1": 0})
        await expect(relay).to_have_text("分", timeout=10_000)
        state = page.locator('[data-p="incomer#state"]')
        await expect(state).to_have_text("应答")
        plant.devices["incomer"].lost("no answer")
        await expect(state).to_have_text("无应答", timeout=10_000)
        await expect(state).to_have_class("st bad")
        await expect(relay).to_have_text("分数据过期", timeout=10_000)
        age = page.locator('[data-p="incomer#answered"]')
        first = await age.text_content()
        await expect(age).not_to_have_text(first or "", timeout=10_000)


async def test_a_lost_server_is_told_and_its_return_refills_the_page(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant) as (page, _):
        await page.goto("/p/demo/devices/incomer")
        live, cell = page.locator(".live"), page.locator('[data-p="incomer.active_power"]')
        await expect(live).to_have_attribute("data-state", "ok", timeout=10_000)
        await plant.stop_serving()
        await expect(live).to_have_text(re.compile(r"Connection lost, values from \d\d:\d\d:\d\d"), timeout=30_000)
        await expect(page.locator("html")).to_have_class(re.compile("stale"), timeout=30_000)
        plant.devices["incomer"].report({"active_power": 4321.5})
        await plant.serve()
        await expect(cell).to_have_text("4,321.5", timeout=60_000)
        await expect(live).to_have_text("Live")
        await expect(page.locator("html")).not_to_have_class(re.compile("stale"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_narrowest_screen_holds_every_page_even_when_the_connection_is_lost(
    plant: Plant, browser: Browser, language: str
) -> None:
    async with opened(browser, plant, viewport={"width": 320, "height": 640}) as (page, _):
        for path in pages():
            await page.goto(f"{path}?lang={language}")
            await page.wait_for_selector(".live[data-state=ok]", state="attached")
            await page.evaluate("dispatchEvent(new Event('htmx:sse:error'))")
            await page.wait_for_selector(".live[data-state=lost]")
            assert await page.evaluate("document.documentElement.scrollWidth") == 320, path


async def test_a_filter_keeps_what_is_typed_and_brings_its_own_live_values(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant) as (page, said):
        await page.goto("/p/demo/devices/incomer")
        await page.wait_for_selector(".live[data-state=ok]")
        box = page.locator("#q")
        await box.click()
        await box.press_sequentially("serial")
        await expect(page.locator("#points tbody tr")).to_have_count(1, timeout=10_000)
        await expect(box).to_be_focused()
        await expect(box).to_have_value("serial")
        assert page.url.endswith("?q=serial")
        await expect(page.locator("#stream")).to_have_count(1)
        plant.devices["incomer"].report({"serial_number": "SN-CHANGED"})
        await expect(page.locator('[data-p="incomer.serial_number"]')).to_have_text("SN-CHANGED", timeout=10_000)
        assert said == []


async def test_going_from_page_to_page_keeps_one_stream(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, viewport={"width": 1440, "height": 900}) as (page, said):
        await page.goto("/p/demo/devices")
        for name in ("Integrations", "System", "Devices", "Integrations", "Devices"):
            await page.locator(".rail").get_by_role("link", name=name, exact=True).click()
            await expect(page.locator("h1")).to_have_text({"System": "System health"}.get(name, name))
            await expect(page.locator(".rail [aria-current=page]")).to_have_text(name)
        await page.wait_for_selector(".live[data-state=ok]")
        health = plant.devices["incomer"].health
        for _ in range(500):
            health.answer(plant.core.clock.now_ms(), 30.0)
        await expect(page.locator('[data-p="incomer#answers"]')).to_have_text("501", timeout=10_000)
        streams = [s for s in plant.core.bus.subscriptions if s.name == "pages"]
        assert len(streams) == 1
        await page.go_back()
        await expect(page.locator("h1")).to_have_text("Integrations")
        assert said == []


async def test_the_theme_changes_at_once_and_stays(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, color_scheme="light") as (page, _):
        await page.goto("/admin/health")
        await page.locator("[data-act=theme]").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.locator("[data-act=theme]").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_menus_open_by_key_and_close_on_escape_and_outside(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, viewport={"width": 390, "height": 844}) as (page, _):
        await page.goto("/p/demo/devices")
        menu = page.locator(".tabs5 details")
        await menu.locator("summary").focus()
        await page.keyboard.press("Enter")
        await expect(menu.get_by_role("link", name="System")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(menu.get_by_role("link", name="System")).to_be_hidden()
        await expect(menu.locator("summary")).to_be_focused()
        projects = page.locator(".top details")
        await projects.locator("summary").click()
        await expect(projects.get_by_role("link", name="Steel works")).to_be_visible()
        await page.mouse.click(380, 700)
        await expect(projects.get_by_role("link", name="Steel works")).to_be_hidden()


async def test_pages_work_without_scripts(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, java_script_enabled=False) as (page, said):
        await page.goto("/p/demo/devices")
        await page.fill("#q", "press_3")
        await page.get_by_role("button", name="Apply").click()
        await expect(page.locator("#devices tbody tr")).to_have_count(1)
        await page.get_by_role("link", name="Press 3").click()
        await expect(page.locator("h1")).to_have_text("Press 3")
        await page.locator("[data-act=theme]").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert said == []


async def test_the_skip_link_comes_first_and_leads_to_the_content(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant) as (page, _):
        await page.goto("/p/demo/devices")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"


async def test_fingers_find_targets_of_24_pixels(plant: Plant, browser: Browser) -> None:
    async with opened(browser, plant, viewport={"width": 390, "height": 844}) as (page, _):
        await page.goto("/p/demo/devices")
        small = await page.evaluate(
            """() => [...document.querySelectorAll("header :is(a, summary), .tabs5 :is(a, summary), .pager a, input")]
            .filter(node => node.offsetParent && node.type !== "checkbox")
            .filter(node => { const box = node.getBoundingClientRect(); return box.width < 24 || box.height < 24; })
            .map(node => node.outerHTML)"""
        )
        assert small == []
