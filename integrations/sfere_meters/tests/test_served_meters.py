"""Every profile against a real Modbus server that holds its golden registers, read by the running hub."""

import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_modbus.profile import load_profile
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.sdk import CommandFailed, Quality
from hub.testing.conformance import free_port
from hub.testing.hub import HubUnderTest

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.yaml"))

Action = Callable[..., Coroutine[None, None, ExcCodes | None]]


def content(stem: str) -> dict[str, Any]:
    file = Path(__file__).parent / "golden" / f"{stem}.yaml"
    result: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return result


@asynccontextmanager
async def meter(registers: dict[int, list[int]], action: Action | None = None) -> AsyncIterator[int]:
    """A Modbus server at unit 1 with these holding registers, every other register 0; gives its port."""
    whole = [0] * 65536
    for address, words in registers.items():
        whole[address : address + len(words)] = words
    coils = [SimData(0, values=[False] * 8, datatype=DataType.BITS)]
    holding = [SimData(0, values=whole, datatype=DataType.REGISTERS)]
    device = SimDevice(1, simdata=(coils, coils, holding, holding), action=action)
    port = free_port()
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield port
    finally:
        await server.shutdown()


def entry(port: int, stem: str, **more: Any) -> dict[str, Any]:
    device = {"device": "meter", "profile": f"sfere/{stem}", "unit_id": 1, **more}
    return {"tcp": {"host": "127.0.0.1", "port": port}, "devices": [device]}


def nearly(got: float, expected: float, kind: str) -> bool:
    """The same float32 for a float in the meter, the same decimal to the last digit for an integer."""
    if kind == "f32":
        return struct.pack("f", got) == struct.pack("f", expected)
    return got == pytest.approx(expected, rel=1e-14, abs=1e-12)


def read_all(hub: HubUnderTest) -> bool:
    return all(not hub.quality(entity.id) & Quality.NOT_TOPICAL for entity in hub.core.registry.find("demo/meter.*"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
async def test_the_hub_reads_from_a_served_meter_what_the_golden_file_says(hub: HubUnderTest, file: Path) -> None:
    expected = content(file.stem)
    async with meter(expected["registers"]) as port:
        await hub.start("modbus", entry(port, file.stem))
        points = load_profile(f"sfere/{file.stem}", hub.plugins.profiles("modbus")).points
        await hub.until(lambda: bool(hub.core.registry.find("demo/meter.*")) and read_all(hub), 20)
        wrong = {}
        for key, value in expected["values"].items():
            got = hub.value(f"meter.{key}")
            if isinstance(value, str):
                same = hub.core.registry.text(got) == value
            else:
                same = nearly(got, value, points[key].type)
            if not same or hub.quality(f"meter.{key}") != Quality.GOOD:
                wrong[key] = (got, value, hub.quality(f"meter.{key}"))
        await hub.stop("modbus")
    assert wrong == {}


class Relays:
    """The relays of a PD194Z-9TY: function 5 is echoed always, obeyed only by a relay in remote mode."""

    def __init__(self, remote: bool) -> None:
        self.remote = remote
        self.bits = 0b100
        self.orders: list[tuple[int, bool]] = []

    async def __call__(
        self, function: int, start: int, address: int, count: int, registers: list[int], values: list[Any] | None
    ) -> ExcCodes | None:
        if function == 5 and values is not None:
            self.orders.append((address, bool(values[0])))
            if self.remote:
                self.bits = self.bits & ~(1 << address) | bool(values[0]) << address
        elif function == 3 and address <= 0x36 < address + count:
            registers[0x36 - start] = self.bits
        return None


async def ordered(hub: HubUnderTest, relays: Relays, value: float, **device: Any) -> float:
    async def act(*request: Any) -> ExcCodes | None:
        return await relays(*request)

    async with meter(content("pd194z_9ty")["registers"], act) as port:
        await hub.start("modbus", entry(port, "pd194z_9ty", **device))
        await hub.until(lambda: hub.quality("meter.relay_2") == Quality.GOOD)
        try:
            return await hub.core.commands.order("demo/meter", "relay_2", value, 3.0)
        finally:
            await hub.stop("modbus")


async def test_a_relay_in_remote_mode_follows_and_its_bit_confirms_it(hub: HubUnderTest) -> None:
    relays = Relays(remote=True)
    assert await ordered(hub, relays, 1, write=["relay_2"]) == 1
    assert (relays.orders, relays.bits) == ([(1, True)], 0b110)


async def test_an_order_that_the_meter_only_echoes_is_not_carried_out(hub: HubUnderTest) -> None:
    relays = Relays(remote=False)
    with pytest.raises(CommandFailed, match=r"relay_2.*still shows 0"):
        await ordered(hub, relays, 1, write=["relay_2"])
    assert relays.bits == 0b100


async def test_a_relay_is_not_touched_unless_the_plant_allows_it(hub: HubUnderTest) -> None:
    relays = Relays(remote=True)
    with pytest.raises(CommandFailed):
        await ordered(hub, relays, 1)
    assert relays.orders == []


async def test_ratios_of_the_plant_win_over_those_in_the_meter(hub: HubUnderTest) -> None:
    expected = content("pd19_integer")
    async with meter(expected["registers"]) as port:
        await hub.start("modbus", entry(port, "pd19_integer", ratio={"pt": 1, "ct": 40}))
        await hub.until(lambda: hub.quality("meter.active_energy_import") == Quality.GOOD)
        assert hub.value("meter.voltage_l1") == 57.7
        assert hub.value("meter.active_energy_import") == pytest.approx(4294967.295 * 40, rel=1e-15)
        await hub.stop("modbus")


async def test_harmonics_that_a_meter_lacks_can_be_left_out(hub: HubUnderTest) -> None:
    async with meter(content("pd194z_9ty")["registers"]) as port:
        await hub.start("modbus", entry(port, "pd194z_9ty", points={"harmonic_*": None}))
        await hub.until(lambda: hub.quality("meter.thd_voltage_l1") == Quality.GOOD)
        assert len(hub.core.registry.find("demo/meter.*")) == 750 - 372
        await hub.stop("modbus")
