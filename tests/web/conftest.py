"""A running plant, a client of its pages, and a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from hub.core.errors import HubError
from web.plant import Plant
from web.recorded import Recorded

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    """A plant of seven devices in two projects whose points have been read once."""
    running = Plant(tmp_path)
    await running.start()
    running.report()
    yield running
    await running.close()


@pytest_asyncio.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Recorded]:
    """A plant with two recorded days behind it, whose clock stands still."""
    running = Recorded(tmp_path)
    await running.start()
    yield running
    await running.close()


@pytest_asyncio.fixture
async def reader(recorded: Recorded) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the recorded plant's pages, as a browser asks for them."""
    async with aiohttp.ClientSession(recorded.url, headers={"Accept": "text/html"}) as session:
        yield session


@pytest_asyncio.fixture
async def full_disk(tmp_path: Path) -> AsyncIterator[Plant]:
    """A plant whose disk has less room left than history wants to keep free, and which has noticed."""
    running = Plant(tmp_path, reserve_mb=10**9)
    await running.start()
    running.report()
    while not running.history.trouble:
        await asyncio.sleep(0.01)
    yield running
    await running.stop_serving()
    with suppress(HubError):
        await running.close()


@pytest_asyncio.fixture
async def client(plant: Plant) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the plant's pages; addresses begin with a slash."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name are kept too
    async with aiohttp.ClientSession(plant.url, cookie_jar=jar) as session:
        yield session


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()
