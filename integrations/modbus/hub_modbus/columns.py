"""The readings of one device as columns: rows and scales worked out once, then only numpy from reply to hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.sdk import Batch, Context, Device, Point, Quality
from hub_modbus.plan import Block
from hub_modbus.plausible import believable
from hub_modbus.profile import Profile
from hub_modbus.readout import Readout, Registers, text
from hub_modbus.registers import MappedPoint, Ratio, Ratios

_INVALID = np.uint8(Quality.INVALID)


@dataclass(frozen=True, slots=True)
class _Compiled:
    readout: Readout
    rows: NDArray[np.int32]
    slots: NDArray[np.intp]
    good: NDArray[np.uint8]
    texts: tuple[MappedPoint, ...]


class Columns:
    """Takes replies apart for one device; `values` holds the newest number of each point, NaN where there is none."""

    def __init__(self, context: Context, device: Device, profile: Profile, ratios: Ratios) -> None:
        self._context = context
        self._device = device
        self._ratios = ratios
        self._slots = {key: index for index, key in enumerate(profile.points)}
        self._compiled: dict[Block, _Compiled] = {}
        self.values = np.full(len(self._slots), np.nan)

    def take(self, block: Block, registers: Registers) -> None:
        """Report what `registers`, the reply to `block`, say of its points, as of now."""
        compiled = self._compiled.get(block) or self._compile(block)
        at = self._context.clock.now_ms()
        if len(compiled.rows):
            values = compiled.readout.values(registers)
            self.values[compiled.slots] = values
            missing = np.isnan(values)
            quality = np.where(missing, _INVALID, compiled.good) if missing.any() else compiled.good
            self._context.ingest(Batch(compiled.rows, values, np.full(len(values), at, dtype=np.int64), quality))
        if compiled.texts:
            self._device.report({point.key: text(point, registers, block.address) for point in compiled.texts}, at)

    def invalid(self, points: Iterable[MappedPoint]) -> None:
        """Say that the device has no value for `points`."""
        keys = [point.key for point in points]
        self.values[[self._slots[key] for key in keys]] = np.nan
        self._device.report(dict.fromkeys(keys))

    def known(self) -> Mapping[str, float]:
        """The newest numbers by point key."""
        return {key: float(self.values[slot]) for key, slot in self._slots.items() if not np.isnan(self.values[slot])}

    def newest(self, key: str) -> float:
        """The newest number of one point; NaN when there is none."""
        return float(self.values[self._slots[key]])

    def _compile(self, block: Block) -> _Compiled:
        readout = Readout(block.points, block.address, self._ratios)
        keys = [point.key for point in readout.points]
        texts = tuple(point for point in block.points if point.is_text)
        slots = np.array([self._slots[key] for key in keys], dtype=np.intp)
        good = np.zeros(len(keys), dtype=np.uint8)
        compiled = _Compiled(readout, self._device.rows(keys), slots, good, texts)
        self._compiled[block] = compiled
        return compiled


def device_points(profile: Profile, ratios: Ratios, writable: Iterable[str] = ()) -> list[Point]:
    """The points of a device as the hub knows them: rollover and believable span multiplied by the ratio."""
    allowed = set(writable)
    factors = {ratio: ratios.factor(ratio) for ratio in Ratio}
    return [
        Point(
            point.key,
            unit=point.unit,
            kind=point.kind,
            deadband=point.deadband,
            deadband_percent=point.deadband_percent,
            max_age=point.max_age,
            rollover=None if point.rollover is None else float(point.rollover * factors[point.ratio]),
            believable=believable(point, float(factors[point.ratio])),
            confidence=point.confidence,
            writable=point.key in allowed,
        )
        for point in profile.points.values()
    ]
