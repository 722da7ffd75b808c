"""Identity as rows: devices by number, entities by row, texts by code."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.core.model import Confidence, DeviceInfo, Entity, Kind, Point
from hub.core.registry import Registry, Unsaved
from hub.store import tables
from hub.store.tables import upsert

_DEVICE = [column for column in tables.devices.columns if column.name != "number"]
_POINT = ("key", "unit", "kind", "deadband", "deadband_percent", "max_age", "rollover", "confidence", "writable")


async def load(connection: AsyncConnection, registry: Registry) -> None:
    """Give `registry` everything that was saved."""
    devices = {
        number: DeviceInfo(**dict(zip([column.name for column in _DEVICE], fields, strict=True)))
        for number, *fields in await connection.execute(select(tables.devices.c.number, *_DEVICE))
    }
    c = tables.entities.c
    rows = await connection.execute(
        select(c.row, c.device, c.believable_low, c.believable_high, *(c[name] for name in _POINT)).order_by(c.row)
    )
    entities = [(row, devices[device].id, _point(low, high, *fields)) for row, device, low, high, *fields in rows.all()]
    texts = await connection.execute(select(tables.texts.c.code, tables.texts.c.text))
    registry.restore(devices.items(), entities, ((code, text) for code, text in texts))


async def save(connection: AsyncConnection, unsaved: Unsaved) -> None:
    """Write what the registry has not saved yet. A project's rows follow it to the tenant it has now."""
    owners = {info.project: info.tenant for _, info in unsaved.devices}
    owners |= {entity.device.project: entity.device.tenant for _, entity in unsaved.entities}
    await save_projects(connection, owners)
    await _free_old_keys(connection, dict(unsaved.devices))
    await upsert(connection, tables.devices, [_device_row(number, info) for number, info in unsaved.devices])
    await upsert(connection, tables.entities, [_entity_row(number, entity) for number, entity in unsaved.entities])
    hub_wide = {"tenant": "default", "project": ""}
    await upsert(connection, tables.texts, [{"code": code, "text": text, **hub_wide} for code, text in unsaved.texts])


async def save_projects(connection: AsyncConnection, tenants: dict[str, str]) -> None:
    """Note whose each project is (project key to tenant key); all rows of a project change hands with it."""
    await upsert(connection, tables.projects, [{"project": key, "tenant": owner} for key, owner in tenants.items()])


async def _free_old_keys(connection: AsyncConnection, devices: dict[int, DeviceInfo]) -> None:
    """Take renamed devices off their old keys first, since another device of the same save may take one over."""
    c = tables.devices.c
    known = await connection.execute(select(c.number, c.key))
    renamed = [number for number, key in known if number in devices and devices[number].key != key]
    if renamed:
        await connection.execute(
            update(tables.devices).where(c.number == bindparam("which")).values(key=bindparam("between")),
            [{"which": number, "between": f"#{number}"} for number in renamed],
        )


def _point(low: float | None, high: float | None, *fields: Any) -> Point:
    key, unit, kind, deadband, percent, max_age, rollover, confidence, writable = fields
    believable = None if low is None or high is None else (low, high)
    return Point(
        key, unit, Kind(kind), deadband, percent, max_age, rollover, believable, Confidence(confidence), writable
    )


def _device_row(number: int, info: DeviceInfo) -> dict[str, Any]:
    row = {column.name: getattr(info, column.name) for column in _DEVICE}
    name = info.name if isinstance(info.name, str) else dict(info.name)
    return row | {"number": number, "name": name}


def _entity_row(number: int, entity: Entity) -> dict[str, Any]:
    device, point = entity.device, entity.point
    low, high = point.believable or (None, None)
    row = {name: getattr(point, name) for name in _POINT}
    owner = {"row": entity.row, "device": number, "project": device.project, "tenant": device.tenant}
    return row | owner | {"believable_low": low, "believable_high": high}
