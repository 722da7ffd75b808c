"""Fixtures for plugin authors, found by pytest through the entry point `kwhub`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from hub.testing.hub import HubUnderTest


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubUnderTest]:
    """A running hub without pages: `await hub.start("acme_pm5", {...})`, `await hub.until(...)`, `hub.value(...)`."""
    running = HubUnderTest(tmp_path)
    yield running
    await running.close()
