"""A hub with the Modbus plugin and the profiles of these tests; the line of misbehaving meters made importable."""

import sys
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest_asyncio

from hub.plugins import load_plugins
from hub.testing.hub import HubUnderTest

sys.path.insert(0, str(Path(__file__).parent))


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubUnderTest]:
    names = {"modbus": "hub_modbus", "modbus_tests": "modbus_test_profiles"}
    plugins = load_plugins([EntryPoint(name, value, "kwhub") for name, value in names.items()])
    running = HubUnderTest(tmp_path, plugins=plugins)
    yield running
    await running.close()
