"""Every profile against a real Modbus server that holds its golden registers, read by the running hub."""

import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.sdk import Quality
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


def nearly(got: float, expected: float, is_float: bool) -> bool:
    """The same float32 for a float in the meter, the same decimal to the last digit for an integer."""
    if is_float:
        return struct.pack("f", got) == struct.pack("f", expected)
    return got == pytest.approx(expected, rel=1e-14, abs=1e-12)


def read_all(hub: HubUnderTest) -> bool:
    return all(not hub.quality(entity.id) & Quality.NOT_TOPICAL for entity in hub.core.registry.find("demo/meter.*"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
async def test_the_hub_reads_from_a_served_meter_what_the_golden_file_says(hub: HubUnderTest, file: Path) -> None:
    expected = content(file.stem)
    floats = {key for key, value in expected["values"].items() if isinstance(value, float)}
    async with meter(expected["registers"]) as port:
        await hub.start("modbus", entry(port, file.stem))
        await hub.until(lambda: bool(hub.core.registry.find("demo/meter.*")) and read_all(hub), 20)
        wrong = {}
        for key, value in expected["values"].items():
            got = hub.value(f"meter.{key}")
            if isinstance(value, str):
                same = hub.core.registry.text(got) == value
            else:
                same = nearly(got, value, key in floats) or nearly(got, value, False)
            if not same or hub.quality(f"meter.{key}") != Quality.GOOD:
                wrong[key] = (got, value, hub.quality(f"meter.{key}"))
        await hub.stop("modbus")
    assert wrong == {}
