"""Orders to a device: written only where profile and plant both allow it, and confirmed by reading back."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from hub.sdk import Command, CommandFailed, Context, LinkError
from hub_modbus.codec import encode
from hub_modbus.frames import Request, RequestFailed
from hub_modbus.link import Link
from hub_modbus.plan import Block
from hub_modbus.registers import MappedPoint, Ratios
from hub_modbus.station import Station

_LOOK_AGAIN = 0.2
_SETTLE_SECONDS = 5.0


async def serve(context: Context, link: Link, station: Station) -> None:
    """Carry out the orders for one device, one after the other, before any poll."""
    async for command in station.device.commands():
        try:
            command.done(await carry_out(context, link, station, command))
        except (CommandFailed, RequestFailed, LinkError, ValueError) as error:
            context.log.warning("%s.%s: order %g failed: %s", station.key, command.point, command.value, error)
            command.fail(f"{station.key}.{command.point}: {error}")


async def carry_out(context: Context, link: Link, station: Station, command: Command) -> float:
    """Write, then read back until the device shows the value ordered: that value.

    An echo proves nothing: some meters echo a relay order that they do not follow. Raises CommandFailed when the point
    may not be written or the device does not follow, RequestFailed when it refuses or stays silent.
    """
    point = station.profile.points.get(command.point)
    if point is None or point.write is None or command.point not in station.writable:
        raise CommandFailed(f"may not be written; the configuration allows {', '.join(station.writable) or 'nothing'}")
    if station.ratios is None and point.ratio != "none":
        raise CommandFailed("the meter's transformer ratios are not known yet")
    request = write_request(station.unit, point, command.value, station.ratios or Ratios())
    context.log.info("%s.%s: order %g", station.key, command.point, command.value)
    await link.ask(request, station.patience, urgent=True)
    return await _confirmed(link, station, point, command)


def write_request(unit: int, point: MappedPoint, value: float, ratios: Ratios) -> Request:
    """The request that sets `point` to `value`. Raises ValueError for a value that does not fit."""
    write = point.write
    if write is None:
        raise ValueError(f"{point.key} has no way to be written")
    if write.function in (5, 15) or write.on is not None:
        if value not in (0, 1):
            raise ValueError(f"expected 0 or 1, found {value:g}")
        on, off = (write.on, write.off) if write.on is not None else (1, 0)
        return Request(unit, write.function, write.address, values=((on if value else off) or 0,))
    return Request(unit, write.function, write.address, values=tuple(encode(point, value, ratios)))


async def _confirmed(link: Link, station: Station, point: MappedPoint, command: Command) -> float:
    block = Block(point.function, point.address, point.words, (point,))
    request = Request(station.unit, block.function, block.address, block.count)
    until = min(command.expires, time.monotonic() + _SETTLE_SECONDS)
    ratios = station.ratios or Ratios()
    step = abs(float(point.scale * ratios.factor(point.ratio)))
    tolerance = 1e-6 * abs(command.value) if point.type.is_float else 0.501 * step
    while True:
        registers = await link.ask(request, station.patience, urgent=True)
        station.columns.take(block, registers)
        shown = station.columns.newest(point.key)
        if not np.isnan(shown) and abs(shown - command.value) <= tolerance:
            return shown
        if time.monotonic() + _LOOK_AGAIN >= until:
            raise CommandFailed(f"the device accepted {command.value:g} but still shows {shown:g}")
        await asyncio.sleep(_LOOK_AGAIN)
