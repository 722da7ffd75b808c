"""What a meter's page is made of: its points arranged as people read them. A block exists when its points do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from hub.core.batch import Values
from hub.core.model import Entity, Kind
from hub.core.state import StateTable
from hub.web.cells import Cell, cell, joined
from hub.web.points import LINES, PHASES, Parts, parts

TABLE = (
    ("voltage", "U"),
    ("current", "I"),
    ("active_power", "P"),
    ("power", "P"),
    ("reactive_power", "Q"),
    ("apparent_power", "S"),
    ("power_factor", "PF"),
    ("thd_voltage", "THD U"),
    ("thd_current", "THD I"),
)
"""Rows of the phase table: quantity and its symbol."""

ENERGIES = (
    "active_energy_import",
    "active_energy_export",
    "active_energy",
    "reactive_energy_import",
    "reactive_energy_export",
    "reactive_energy",
    "apparent_energy",
)
TARIFFS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One quantity: a cell for each column, and the value of the whole; `mean` says that it was worked out here."""

    quantity: str
    symbol: str
    unit: str
    cells: tuple[Cell | None, ...]
    whole: Cell | None
    mean: bool = False
    line: bool = False


@dataclass(frozen=True, slots=True)
class PhaseTable:
    """The phases of one circuit (0 for the meter as a whole); `columns` are l1, l2, l3, n as far as they exist."""

    circuit: int
    columns: tuple[str, ...]
    rows: tuple[PhaseRow, ...]

    @property
    def has_whole(self) -> bool:
        """Whether any quantity has a value for the whole."""
        return any(row.whole is not None for row in self.rows)


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """The registers of one kind of energy: total, then tariffs 1 to 4, None where the meter has no register."""

    quantity: str
    circuit: int
    phase: str
    unit: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class CircuitTable:
    """Circuits that have no phases of their own, one a row: symbols and units of the columns, cells by circuit."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[int, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class MonthRow:
    """Import of one month by tariff, total first; `ago` is 0 for this month."""

    ago: int
    unit: str
    cells: tuple[Cell | None, ...]


Found = list[tuple[Parts, Entity]]


def take_apart(entities: Mapping[str, Entity]) -> Found:
    """Each point of a device with its key taken apart, in the order of the profile."""
    return [(parts(key), entity) for key, entity in entities.items()]


def phase_tables(found: Found, state: StateTable) -> list[PhaseTable]:
    """The phase tables of a meter, one for each circuit that has any of their quantities."""
    table: dict[tuple[int, str, str], Entity] = {}
    known = {quantity for quantity, _ in TABLE}
    for p, entity in found:
        if p.quantity in known and not (p.extreme or p.rest or p.tariff or p.order):
            table.setdefault((p.circuit, p.quantity, p.phase), entity)
    circuits = sorted({circuit for circuit, _, _ in table})
    return [one for circuit in circuits if (one := _phase_table(circuit, table, state)).rows]


def _phase_table(circuit: int, table: Mapping[tuple[int, str, str], Entity], state: StateTable) -> PhaseTable:
    mine = {(quantity, phase): entity for (c, quantity, phase), entity in table.items() if c == circuit}
    columns = tuple(place for place in (*PHASES, "n") if any(phase == place for _, phase in mine))
    if any(phase in LINES for _, phase in mine):
        columns = (*PHASES, *columns[3:])
    rows: list[PhaseRow] = []
    for quantity, symbol in TABLE:
        row = PhaseRow(quantity, symbol, "", (), None)
        phases, whole = [mine.get((quantity, place)) for place in columns], mine.get((quantity, ""))
        if whole is not None or any(phases):
            rows.append(_filled(row, phases, whole, state, circuit))
        lines = [mine.get((quantity, pair)) for pair in LINES]
        if quantity == "voltage" and all(lines):
            rows.append(_filled(replace(row, line=True), lines, None, state, circuit))
    return PhaseTable(circuit, columns, tuple(rows))


def _filled(
    row: PhaseRow, places: list[Entity | None], whole: Entity | None, state: StateTable, circuit: int
) -> PhaseRow:
    cells = tuple(cell(entity, state) if entity is not None else None for entity in places)
    unit = next((entity.point.unit for entity in (*places, whole) if entity is not None), "")
    if whole is not None:
        return replace(row, unit=unit, cells=cells, whole=cell(whole, state))
    three = [entity for entity in places[:3] if entity is not None]
    if row.quantity not in ("voltage", "current") or len(three) < 3:
        return replace(row, unit=unit, cells=cells)
    key = f"{three[0].device.key}#mean_{'line_' if row.line else ''}{row.quantity}_{circuit}"
    return replace(row, unit=unit, cells=cells, whole=joined(three, state, key, _mean), mean=True)


def _mean(values: Values) -> float:
    return float(np.mean(values))


def means(tables: Iterable[PhaseTable]) -> dict[str, float]:
    """The mean values in phase tables, by stream key; NaN for a mean of readings that are not good."""
    return {
        row.whole.key: nan if row.whole.quality else round(row.whole.value, row.whole.digits + 1)
        for table in tables
        for row in table.rows
        if row.mean and row.whole is not None and row.whole.known
    }


def circuit_table(tables: Iterable[PhaseTable]) -> CircuitTable | None:
    """The tables of circuits without phases made into one; None when there are none."""
    circuits = [table for table in tables if table.circuit and not table.columns]
    kinds = dict.fromkeys((row.symbol, row.unit) for table in circuits for row in table.rows)
    if not circuits:
        return None
    rows = []
    for table in circuits:
        cells = {(row.symbol, row.unit): row.whole for row in table.rows}
        rows.append((table.circuit, tuple(cells.get(kind) for kind in kinds)))
    return CircuitTable(tuple(kinds), tuple(rows))


def month_rows(found: Found, state: StateTable) -> list[MonthRow]:
    """The months a meter keeps by tariff, this one first: `..._this_month`, then `..._last_1` to `..._last_11`."""
    months: dict[int, dict[int, Entity]] = {}
    for p, entity in found:
        if p.quantity == "active_energy_import" and (p.rest == "this_month" or (p.rest == "last" and p.index)):
            months.setdefault(p.index, {})[p.tariff] = entity
    return [
        MonthRow(
            ago,
            next(iter(registers.values())).point.unit,
            tuple(cell(registers[t], state) if t in registers else None for t in TARIFFS),
        )
        for ago, registers in sorted(months.items())
    ]


def circuit_energies(rows: Iterable[EnergyRow]) -> CircuitTable | None:
    """The totals of circuits, one a row; None for a meter of one circuit. Columns name quantity and unit."""
    circuits = [row for row in rows if row.circuit and not row.phase]
    kinds = dict.fromkeys((row.quantity, row.unit) for row in circuits)
    by_place = {(row.circuit, row.quantity): row.cells[0] for row in circuits}
    if not circuits:
        return None
    numbers = sorted({row.circuit for row in circuits})
    return CircuitTable(
        tuple(kinds),
        tuple((number, tuple(by_place.get((number, quantity)) for quantity, _ in kinds)) for number in numbers),
    )


def energy_rows(found: Found, state: StateTable) -> list[EnergyRow]:
    """Energy registers by kind, circuit and phase, the tariffs beside the total."""
    table: dict[tuple[str, int, str], dict[int, Entity]] = {}
    for p, entity in found:
        if p.quantity in ENERGIES and entity.point.kind is Kind.COUNTER and not (p.rest or p.extreme or p.index):
            table.setdefault((p.quantity, p.circuit, p.phase), {})[p.tariff] = entity
    return [
        EnergyRow(
            quantity,
            circuit,
            phase,
            next(iter(registers.values())).point.unit,
            tuple(cell(registers[t], state) if t in registers else None for t in TARIFFS),
        )
        for (quantity, circuit, phase), registers in sorted(table.items(), key=_energy_order)
    ]


def _energy_order(item: tuple[tuple[str, int, str], object]) -> tuple[int, int, str]:
    (quantity, circuit, phase), _ = item
    return (circuit, ENERGIES.index(quantity), phase)


def shown_elsewhere(found: Found) -> set[str]:
    """Keys of the points that the tables of phases, energies and months and the harmonics show."""
    known = {quantity for quantity, _ in TABLE}
    lines = {p.phase for p, _ in found if p.quantity == "voltage"}.issuperset(LINES)
    return {
        entity.point.key
        for p, entity in found
        if p.order
        or (p.quantity == "active_energy_import" and p.rest in ("this_month", "last"))
        or (p.quantity in known and not (p.extreme or p.rest or p.tariff) and (lines or p.phase not in LINES))
        or (p.quantity in ENERGIES and entity.point.kind is Kind.COUNTER and not (p.rest or p.extreme or p.index))
    }
