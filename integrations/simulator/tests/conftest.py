"""A demo plant to look at, and where the profiles are."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import datetime
from importlib.resources.abc import Traversable

import pytest
from hub_simulator.description import Description, read_description
from hub_simulator.files import demo_plant, installed_profiles
from hub_simulator.plant import Plant


@pytest.fixture(scope="session")
def demo() -> Description:
    return read_description(demo_plant())


@pytest.fixture(scope="session")
def profiles() -> Mapping[str, Traversable]:
    return installed_profiles()


@pytest.fixture
def monday(demo: Description) -> int:
    """Monday 2 March 2026, 10:00 on the plant's wall, ms UTC."""
    return round(datetime(2026, 3, 2, 10, tzinfo=demo.zone).timestamp() * 1000)


@pytest.fixture
def plant(demo: Description, monday: int) -> Plant:
    return Plant(demo, monday)


@pytest.fixture
def free_port() -> int:
    """A TCP port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
