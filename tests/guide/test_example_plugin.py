"""The example of the guide, run as it stands against a real Modbus server."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.core.model import Kind
from hub.sdk import Integration
from hub.testing.conformance import Conformance, free_port
from hub.testing.hub import HubUnderTest

FILE = Path(__file__).resolve().parents[2] / "docs/guide/example_plugin/acme_pm5.py"
REGISTERS = [2301, 457, 2, 1]


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("acme_pm5", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def known(hub: HubUnderTest, example: ModuleType) -> Integration:
    integration: Integration = example.hub_integrations()[0]
    hub.add_integration(integration)
    return integration


@asynccontextmanager
async def meter(port: int, registers: list[int]) -> AsyncIterator[None]:
    device = SimDevice(1, simdata=[SimData(0, values=registers, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


class TestConformance(Conformance):
    integration = "acme_pm5"
    entity = "incomer_1.voltage_l1"
    nonsense: ClassVar[list[Mapping[str, Any]]] = [
        {"device": "incomer_1"},
        {"device": "incomer_1", "host": "127.0.0.1", "port": 70_000},
        {"device": "Incomer 1", "host": "127.0.0.1"},
        {"device": "incomer_1", "host": "127.0.0.1", "interval": 0},
        {"device": "incomer_1", "host": "127.0.0.1", "speed": 9600},
    ]

    def config(self, port: int) -> Mapping[str, Any]:
        return {"device": "incomer_1", "host": "127.0.0.1", "port": port, "interval": 0.1}

    def peer(self, port: int) -> Any:
        return meter(port, REGISTERS)


async def test_the_example_reads_a_meter(hub: HubUnderTest) -> None:
    port = free_port()
    async with meter(port, REGISTERS):
        await hub.start("acme_pm5", {"device": "incomer_1", "host": "127.0.0.1", "port": port, "interval": 0.1})
        await hub.until(lambda: hub.value("incomer_1.active_energy_import") == 131_073)
        assert hub.value("incomer_1.voltage_l1") == 230.1
        assert hub.value("incomer_1.active_power") == 45.7
        entity = hub.core.registry.entity("demo/incomer_1.active_energy_import")
        assert (entity.point.kind, entity.point.unit) == (Kind.COUNTER, "kWh")


async def test_a_meter_that_refuses_is_a_link_error(hub: HubUnderTest) -> None:
    port = free_port()
    async with meter(port, [1]):
        entry = await hub.start("acme_pm5", {"device": "incomer_1", "host": "127.0.0.1", "port": port})
        await hub.until(lambda: "refuses" in entry.reason)
        assert entry.state == "link_down"


def test_the_example_is_short() -> None:
    assert len(FILE.read_text("utf-8").splitlines()) <= 40
