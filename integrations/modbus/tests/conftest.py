"""A hub with the Modbus plugin and the profiles of these tests; the line of misbehaving meters made importable."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.testing.hub import HubUnderTest

sys.path.insert(0, str(Path(__file__).parents[3]))


@pytest_asyncio.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HubUnderTest]:
    """A hub that finds `modbus_test_profiles` as it finds any plugin: by the entry point of an installed package."""
    package = tmp_path / "installed" / "modbus_test_profiles-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: modbus-test-profiles\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[kwhub]\nmodbus_test_profiles = integrations.modbus.tests.modbus_test_profiles\n"
    )
    monkeypatch.syspath_prepend(package.parent)
    running = HubUnderTest(tmp_path)
    yield running
    await running.close()
