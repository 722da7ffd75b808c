"""Identity: which entity owns which row, through restarts and renames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from hub.core.batch import Rows
from hub.core.errors import HubError, UnknownEntity
from hub.core.model import DeviceInfo, Entity, Point


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What the database does not know yet: devices (with their numbers), entities, and texts by code."""

    devices: list[tuple[int, DeviceInfo]]
    entities: list[tuple[int, Entity]]
    texts: list[tuple[int, str]]

    def __bool__(self) -> bool:
        return bool(self.devices or self.entities or self.texts)


class Registry:
    """Devices and entities by id and by row. Rows are never given to another entity, whatever is renamed or removed.

    A device no longer configured stays known (its history remains readable); `active` tells which are in use.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._devices: dict[str, DeviceInfo] = {}
        self._points: dict[str, dict[str, Entity]] = {}
        self._by_row: list[Entity | None] = []
        self._texts: list[str] = []
        self._codes: dict[str, int] = {}
        self._next_number = 1
        self._dirty_devices: set[str] = set()
        self._dirty_rows: set[int] = set()
        self._saved_texts = 0
        self.active: set[str] = set()

    def __len__(self) -> int:
        """Rows ever given out: the size the state table needs."""
        return len(self._by_row)

    def restore(
        self,
        devices: Iterable[tuple[int, DeviceInfo]],
        entities: Iterable[tuple[int, str, Point]],
        texts: Iterable[tuple[int, str]] = (),
    ) -> None:
        """Take over what the database kept: devices by number, entities as (row, device id, point), texts by code."""
        for number, info in devices:
            self._numbers[info.id], self._devices[info.id] = number, info
            self._points.setdefault(info.id, {})
            self._next_number = max(self._next_number, number + 1)
        for row, device, point in entities:
            self._reserve(row)
            entity = Entity(row, self._devices[device], point)
            self._by_row[row] = self._points[device][point.key] = entity
        for code, text in sorted(texts):
            if code != len(self._texts):
                raise HubError(f"text {code} follows text {len(self._texts) - 1}: the registry's texts have a hole")
            self._codes[text] = code
            self._texts.append(text)
        self._saved_texts = len(self._texts)

    def add_device(self, info: DeviceInfo, points: Iterable[Point]) -> dict[str, Entity]:
        """Entities of a configured device by point key, with the rows they had before if they are known."""
        if self._devices.get(info.id) != info:
            self._numbers.setdefault(info.id, self._next_number)
            self._next_number = max(self._next_number, self._numbers[info.id] + 1)
            self._devices[info.id] = info
            self._dirty_devices.add(info.id)
        known = self._points.setdefault(info.id, {})
        for key, old in known.items():
            known[key] = self._by_row[old.row] = Entity(old.row, info, old.point)
        entities = {}
        for point in points:
            if point.key in entities:
                raise HubError(f"{info.id}: point {point.key} is declared twice")
            entities[point.key] = known[point.key] = self._entity(known.get(point.key), info, point)
        self.active.add(info.id)
        return entities

    def rename_device(self, project: str, old: str, new: str) -> None:
        """Give a device another key; its entities keep their rows and so their history.

        Raises HubError when `old` is unknown or `new` is taken.
        """
        before, after = f"{project}/{old}", f"{project}/{new}"
        if before not in self._devices:
            raise HubError(f"no device {before} to rename")
        if after in self._devices:
            raise HubError(f"{after} exists already: it cannot take over the history of {before}")
        info = replace(self._devices.pop(before), key=new)
        self._devices[after] = info
        self._numbers[after] = self._numbers.pop(before)
        self._points[after] = {}
        for key, entity in self._points.pop(before).items():
            self._points[after][key] = self._by_row[entity.row] = Entity(entity.row, info, entity.point)
        self._dirty_devices.discard(before)
        self._dirty_devices.add(after)
        if before in self.active:
            self.active.remove(before)
            self.active.add(after)

    def retire(self, device: str) -> None:
        """Mark `project/device` as no longer configured."""
        self.active.discard(device)

    def code(self, text: str) -> int:
        """The number that stands for `text` in a column of values."""
        if text not in self._codes:
            self._codes[text] = len(self._texts)
            self._texts.append(text)
        return self._codes[text]

    def text(self, code: float) -> str:
        """The text behind a number made by `code`; empty for a number never given out."""
        return self._texts[int(code)] if 0 <= code < len(self._texts) else ""

    def entity(self, entity_id: str) -> Entity:
        """The entity `project/device.point`. Raises UnknownEntity."""
        device, _, point = entity_id.partition(".")
        try:
            return self._points[device][point]
        except KeyError:
            raise UnknownEntity(entity_id) from None

    def at_row(self, row: int) -> Entity | None:
        """The entity that owns `row`."""
        return self._by_row[row] if 0 <= row < len(self._by_row) else None

    def device(self, device: str) -> DeviceInfo | None:
        """The device `project/device`, configured now or earlier."""
        return self._devices.get(device)

    def devices(self, project: str | None = None) -> Iterator[DeviceInfo]:
        """Devices in use, of one project or of all, in the order they were first seen."""
        for device, info in self._devices.items():
            if device in self.active and (project is None or info.project == project):
                yield info

    def entities(self, device: str) -> dict[str, Entity]:
        """The entities of `project/device` by point key."""
        return self._points.get(device, {})

    def find(self, pattern: str) -> list[Entity]:
        """Entities whose id matches a shell pattern such as `demo/*.active_power`, by id."""
        found = [entity for entity in self._by_row if entity is not None and fnmatchcase(entity.id, pattern)]
        return sorted(found, key=lambda entity: entity.id)

    def rows(self, entities: Iterable[Entity]) -> Rows:
        """The rows of `entities`, in their order."""
        return np.fromiter((entity.row for entity in entities), dtype=np.int32)

    def unsaved(self) -> Unsaved:
        """What changed since the last `saved`."""
        return Unsaved(
            [(self._numbers[device], self._devices[device]) for device in sorted(self._dirty_devices)],
            [
                (self._numbers[entity.device.id], entity)
                for row in sorted(self._dirty_rows)
                if (entity := self._by_row[row]) is not None
            ],
            list(enumerate(self._texts))[self._saved_texts :],
        )

    def saved(self, what: Unsaved) -> None:
        """Forget the changes in `what`: the database has them now."""
        self._dirty_devices -= {info.id for _, info in what.devices if self._devices.get(info.id) is info}
        self._dirty_rows -= {entity.row for _, entity in what.entities if self._same_point(entity)}
        self._saved_texts += len(what.texts)

    def _same_point(self, entity: Entity) -> bool:
        now = self._by_row[entity.row]
        return now is not None and now.point == entity.point

    def _entity(self, known: Entity | None, info: DeviceInfo, point: Point) -> Entity:
        if known is not None and known.point == point:
            return known
        row = known.row if known is not None else len(self._by_row)
        entity = Entity(row, info, point)
        self._reserve(row)
        self._by_row[row] = entity
        self._dirty_rows.add(row)
        return entity

    def _reserve(self, row: int) -> None:
        if row >= len(self._by_row):
            self._by_row.extend([None] * (row + 1 - len(self._by_row)))
