"""The integration in a hub: what every integration must do, on each of the four ways to speak Modbus."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hub_modbus.codec import image
from hub_modbus.profile import load_profile, profiles_in
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.testing.conformance import Conformance, free_port
from hub.testing.hub import HubUnderTest

PANEL = load_profile("test/panel", profiles_in(Path(__file__).parent / "profiles", "test"))
VALUES: dict[str, float | str] = {
    **{f"voltage_{phase}": 230.1 for phase in ("l1", "l2", "l3")},
    **{f"voltage_{pair}": 398.5 for pair in ("l1_l2", "l2_l3", "l3_l1")},
    **{f"current_{phase}": 4.321 for phase in ("l1", "l2", "l3")},
    **{f"active_power_{phase}": 0.987 for phase in ("l1", "l2", "l3")},
    "active_power": 2.961, "frequency": 50.02, "active_energy_import": 123456.789, "model_name": "PM5-720",
    "relay_1": 1, "demand_period": 15,
}  # fmt: skip


def registers() -> dict[int, int]:
    return dict.fromkeys(range(0x900), 0) | image(PANEL.points.values(), VALUES)[3]


@asynccontextmanager
async def pymodbus_server(port: int, framer: FramerType) -> AsyncIterator[None]:
    words = registers()
    data = SimData(0, values=[words[address] for address in sorted(words)], datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(7, simdata=[data]), framer=framer, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


def entry(port: int, framing: str, **device: Any) -> dict[str, Any]:
    meter = {"device": "incomer", "profile": "test/panel", "unit_id": 7, **device}
    return {"tcp": {"host": "127.0.0.1", "port": port, "framing": framing}, "devices": [meter]}


class _OverTcp(Conformance):
    integration = "modbus"
    entity = "incomer.voltage_l1"
    framing: str
    framer: FramerType
    nonsense = [
        {},
        {"tcp": {"host": "127.0.0.1"}, "devices": []},
        {"tcp": {"host": "127.0.0.1"}, "serial": {"port": "/dev/ttyS9"}, "devices": entry(1, "tcp")["devices"]},
        entry(1, "carrier pigeon"),
        entry(70000, "tcp"),
        entry(502, "tcp", profile="test/pannel"),
        entry(502, "tcp", unit_id=300),
        entry(502, "tcp", write=["voltage_l1"]),
        entry(502, "tcp", points={"voltage_l9": {"deadband": 1}}),
    ]

    def config(self, port: int) -> Mapping[str, Any]:
        return entry(port, self.framing)

    @asynccontextmanager
    async def peer(self, port: int) -> AsyncIterator[None]:
        async with pymodbus_server(port, self.framer):
            yield


class TestTcp(_OverTcp):
    framing, framer = "tcp", FramerType.SOCKET


class TestRtuOverTcp(_OverTcp):
    framing, framer = "rtu", FramerType.RTU


class TestAsciiOverTcp(_OverTcp):
    framing, framer = "ascii", FramerType.ASCII


@pytest.mark.parametrize(
    ("framing", "framer"), [("tcp", FramerType.SOCKET), ("rtu", FramerType.RTU), ("ascii", FramerType.ASCII)]
)
async def test_every_point_of_a_meter_arrives_exactly(hub: HubUnderTest, framing: str, framer: FramerType):
    port = free_port()
    async with pymodbus_server(port, framer):
        health = await hub.start("modbus", entry(port, framing))
        numbers = {key: value for key, value in VALUES.items() if not isinstance(value, str)}
        await hub.until(lambda: all(hub.quality(f"incomer.{key}").words == "good" for key in VALUES))
        assert {key: hub.value(f"incomer.{key}") for key in numbers} == numbers
        assert hub.core.registry.text(hub.value("incomer.model_name")) == "PM5-720"
        assert health.state == "running"
        assert health.devices["incomer"].warnings == {}
