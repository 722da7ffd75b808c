"""The last ten minutes of a few points, second by second, for the chart that then follows the stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.core.batch import Batch
from hub.core.model import Entity, Kind
from hub.history import History
from hub.web.blocks import Found
from hub.web.columns import as_json
from hub.web.held import held
from hub.web.periods import MINUTE
from hub.web.points import PHASES

LENGTH = 10 * MINUTE
MOST = 6
"""Points a trend may show at once."""


def offered(found: Found) -> list[Entity]:
    """The points of a meter that a trend can show: what it measures now, not what it keeps or how it is set up."""
    live = [(p, e) for p, e in found if e.point.kind is Kind.MEASUREMENT and not (p.order or p.extreme or p.tariff)]
    named = [e for p, e in live if p.quantity and not p.rest and "demand" not in p.quantity]
    return named or [e for _, e in live]


def usual(found: Found) -> list[Entity]:
    """What a trend shows unless asked: phase currents, else power, else flow, else the first measurement.

    Of a meter of several circuits it shows the power of each.
    """
    choices = {id(entity) for entity in offered(found)}
    mine = [(p, e) for p, e in found if id(e) in choices and not p.rest]
    circuits = sorted(
        ((p.circuit, e) for p, e in mine if p.circuit and p.quantity == "active_power" and not p.phase), key=_first
    )
    if len(circuits) > 1:
        return [entity for _, entity in circuits][:MOST]
    for quantity in ("current", "active_power", "power", "volume_flow", "mass_flow", "flow", "output_rate"):
        same = [(p, e) for p, e in mine if p.quantity == quantity]
        if same:
            phases = [e for p, e in same if p.phase in PHASES]
            return (phases or [e for _, e in same])[:MOST]
    return offered(found)[:1]


def _first(pair: tuple[int, Entity]) -> int:
    return pair[0]


async def columns(history: History, entities: Sequence[Entity], now: int) -> dict[str, object]:
    """Times in s UTC and a list of values for each of `entities`, None where there was none."""
    end = now - now % 1000
    grid = np.arange(end - LENGTH, end + 1, 1000, dtype=np.int64)
    lookback = round(max((entity.point.max_age for entity in entities), default=0.0) * 1500)
    rows = np.array([entity.row for entity in entities], dtype=np.int32)
    readings = await history.raw(rows, end - LENGTH - lookback, end + 1000) if len(rows) else Batch.empty()
    lines = [held(readings.of_rows([entity.row]), grid, entity.point.max_age) for entity in entities]
    return {"t": (grid // 1000).tolist(), "v": [as_json(line) for line in lines]}
