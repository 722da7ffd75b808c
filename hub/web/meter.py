"""The page of one meter: its phases, vectors, demand, extremes, harmonics, energies and trend, live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan
from typing import Any

from aiohttp import web

from hub.config import Project
from hub.core.model import Entity, label
from hub.web import blocks, trend
from hub.web.answering import standing
from hub.web.areas import area_name
from hub.web.blocks import PhaseTable
from hub.web.cells import cell, newest, total
from hub.web.columns import answer, as_json
from hub.web.demand import PEAKS
from hub.web.extremes import DAY_EXTREMES
from hub.web.harmonics import harmonics, quantities
from hub.web.meters import Meter, meter_of
from hub.web.navigation import ADDRESSES
from hub.web.page import is_fragment, language_of, page, project_of, zone_of
from hub.web.periods import midnight
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services, services_of
from hub.web.today import DAY_STARTS, amount
from hub.web.vectors import vectors

UI = "/p/{project}/ui/meter/{device}"
_LEAST_TO_DRAW = 5
"""Fewer harmonics than this make no chart."""


def _asked(request: web.Request) -> tuple[Project, Meter]:
    project = project_of(request)
    meter = meter_of(services_of(request), project.key, request.match_info["device"])
    if meter is None:
        raise web.HTTPNotFound(text=language_of(request).gettext("No such meter in this project."))
    return project, meter


async def meter_page(request: web.Request) -> web.Response:
    """Everything a meter tells, or the block of harmonics alone for htmx."""
    project, meter = _asked(request)
    services, language = services_of(request), language_of(request)
    state = services.core.state
    tables = blocks.phase_tables(meter.found, state)
    chosen = _chosen(request, meter)
    found = _vectors(services, project, meter, _circuit(request, tables))
    energies = blocks.energy_rows(meter.found, state)
    return page(
        request,
        "meter.html",
        "harmonics" if is_fragment(request) else None,
        meter=meter,
        name=label(meter.info.name, language.key) or meter.info.key,
        area=area_name(project, meter.info.area, language.key),
        standing=standing(services.core, meter.info),
        tables=[table for table in tables if table.columns or not table.circuit],
        circuit_table=blocks.circuit_table(tables),
        months=blocks.month_rows(meter.found, state),
        assumed=meter.assumed(),
        wide=found["vectors"] is None,
        energies=energies,
        circuit_energies=blocks.circuit_energies(energies),
        flows=meter.flows(state),
        rest=meter.rest(state),
        texts=services.core.registry.text,
        lines=meter.coloured(chosen),
        chosen=[entity.point.key for entity in chosen],
        offered=trend.offered(meter.found),
        **await _day(request, project, meter),
        **found,
        **_harmonics(request, services, meter),
        stream={"page": "meter", "device": meter.info.key},
    )


async def vectors_fragment(request: web.Request) -> web.Response:
    """The vectors as they are now; the page asks again every few seconds."""
    project, meter = _asked(request)
    services = services_of(request)
    circuit = _circuit(request, blocks.phase_tables(meter.found, services.core.state))
    return page(request, "meter_vectors.html", meter=meter, **_vectors(services, project, meter, circuit))


async def day_fragment(request: web.Request) -> web.Response:
    """Demand and extremes as they are now."""
    project, meter = _asked(request)
    wide = "wide" in request.query
    return page(request, "meter_day.html", meter=meter, wide=wide, **await _day(request, project, meter))


async def trend_columns(request: web.Request) -> web.Response:
    """The last ten minutes of the points asked for, as JSON columns."""
    _, meter = _asked(request)
    services = services_of(request)
    chosen = _chosen(request, meter)
    return answer(request, await trend.columns(services.history, chosen, services.core.clock.now_ms()))


def _chosen(request: web.Request, meter: Meter) -> list[Entity]:
    """The points the query's `p` names, or the usual ones. Raises HTTPBadRequest and HTTPNotFound."""
    _ = language_of(request).gettext
    wanted = list(dict.fromkeys(request.query.getall("p", [])))
    if len(wanted) > trend.MOST:
        raise web.HTTPBadRequest(text=_("A trend shows at most %s points.") % trend.MOST)
    offered = {entity.point.key: entity for entity in trend.offered(meter.found)}
    if any(key not in offered for key in wanted):
        raise web.HTTPNotFound(text=_("This meter has no measurement of that name."))
    return [offered[key] for key in wanted] or trend.usual(meter.found)


def _circuit(request: web.Request, tables: Sequence[PhaseTable]) -> int:
    """The circuit whose vectors are asked for: the first that has currents, unless the query says."""
    wanted = request.query.get("c", "")
    circuits = [table.circuit for table in tables if any(row.quantity == "current" for row in table.rows)]
    return int(wanted) if wanted in map(str, circuits) else next(iter(circuits), 0)


async def _day(request: web.Request, project: Project, meter: Meter) -> dict[str, Any]:
    services, zone = services_of(request), zone_of(project)
    state = services.core.state
    day, powers, counters = midnight(services.core.clock.now_ms(), zone), meter.powers, meter.roles.counter
    demand = None
    if live := total(powers, state, ""):
        power_now = live.value if live.known and not live.quality else nan
        demand = await request.app[PEAKS].demand(powers, power_now, zone)
    return {
        "demand": demand,
        "demand_unit": powers[0].point.unit if powers else "",
        "extremes": await request.app[DAY_EXTREMES].of(meter.found, day),
        "today": amount(counters, await request.app[DAY_STARTS].of(counters, day), state, day) if counters else None,
        "day": day,
        "own": meter.own(state),
    }


def _vectors(services: Services, project: Project, meter: Meter, circuit: int) -> dict[str, Any]:
    state = services.core.state
    names = ("A", "B", "C") if project.phases == "cn" else ("1", "2", "3")
    return {
        "vectors": vectors(meter.found, state, circuit, names),
        "frequency": next((cell(e, state) for p, e in meter.found if p.quantity == "frequency"), None),
        "circuit": circuit,
        "circuits": sorted({p.circuit for p, _ in meter.found if p.circuit and p.quantity == "current" and p.phase}),
    }


def _harmonics(request: web.Request, services: Services, meter: Meter) -> dict[str, Any]:
    """The harmonics the query's `h` (current, voltage) and `ph` (l1, l2, l3) choose; none for a meter without."""
    choices = quantities(meter.found)
    if not choices or len({p.order for p, _ in meter.found}) <= _LEAST_TO_DRAW:
        return {"harmonics": None}
    state = services.core.state
    asked, phase = request.query.get("h", ""), request.query.get("ph", "")
    shown = harmonics(meter.found, state, asked if asked in choices else choices[0], meter.kilovolts(state))
    place = shown.phases.index(phase) if phase in shown.phases else 0
    chart = {"x": shown.orders, "values": as_json(shown.values[place], 2), "limits": shown.limits}
    return {"harmonics": shown, "harmonic_choices": choices, "harmonic_phase": place, "harmonic_chart": chart}


def _points(services: Services, project: str, query: Mapping[str, str]) -> Iterable[Entity]:
    meter = meter_of(services, project, query.get("device", ""))
    return [entity for p, entity in meter.found if not p.order] if meter is not None else ()


def _figures(services: Services, project: str, query: Mapping[str, str]) -> Figures:
    """Mean values, state, and the time of the newest reading."""
    meter = meter_of(services, project, query.get("device", ""))
    if meter is None:
        return {}
    key, state = meter.info.key, services.core.state
    figures: dict[str, float | str] = dict(blocks.means(blocks.phase_tables(meter.found, state)))
    figures[f"{key}#state"] = standing(services.core, meter.info).answer.value
    if read_at := newest((entity for _, entity in meter.found), state):
        figures[f"{key}#at"] = read_at
    return figures


ROUTES = (
    Route("GET", ADDRESSES["meter"], meter_page, "view:live"),
    Route("GET", f"{UI}/vectors", vectors_fragment, "view:live"),
    Route("GET", f"{UI}/day", day_fragment, "view:live"),
    Route("GET", f"{UI}/trend.json", trend_columns, "view:live"),
)
TOPICS = {"meter": Topic("view:live", _points, _figures)}
