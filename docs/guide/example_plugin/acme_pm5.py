"""Acme PM5 panel meters over Modbus TCP: a complete integration."""

import voluptuous as vol
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from hub.sdk import DEVICE, Config, Context, Integration, Kind, LinkError, Point, hookimpl

POINTS = [
    Point("voltage_l1", unit="V", deadband=0.5),
    Point("active_power", unit="kW", deadband=0.1),
    Point("active_energy_import", unit="kWh", kind=Kind.COUNTER, rollover=2**32),
]
SCHEMA = vol.Schema({
    **DEVICE,
    vol.Required("host"): str,
    vol.Optional("port", default=502): vol.All(int, vol.Range(1, 65535)),
    vol.Optional("interval", default=5): vol.All(vol.Any(int, float), vol.Range(min=0.1)),
})  # fmt: skip


async def run(context: Context, config: Config) -> None:
    """Poll one meter for as long as its link holds."""
    meter = context.add_device(config["device"], POINTS, manufacturer="Acme", model="PM5", area=config["area"])
    async with AsyncModbusTcpClient(config["host"], port=config["port"], reconnect_delay=0) as client:
        async for _ in context.every(config["interval"]):
            reply = await client.read_holding_registers(0, count=4)
            if reply.isError():
                raise LinkError(f"the meter refuses: {reply}")
            volts, power, high, low = reply.registers
            meter.report(
                {"voltage_l1": volts / 10, "active_power": power / 10, "active_energy_import": high << 16 | low}
            )


@hookimpl
def hub_integrations() -> list[Integration]:
    """What this plugin brings."""
    return [Integration("acme_pm5", SCHEMA, run, link_errors=(ModbusException,))]
