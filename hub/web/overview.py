"""The overview: power now, what each medium came to today, the load curve, who takes most, and what needs a look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from aiohttp import web

from hub.config import Project
from hub.core.clock import utc
from hub.core.health import EntryHealth, EntryState
from hub.core.model import DeviceInfo, Entity, label
from hub.core.units import convert
from hub.web.answering import Answer, counts, standing
from hub.web.cells import Cell, total
from hub.web.columns import answer, as_json
from hub.web.demand import PEAKS
from hub.web.language import Language
from hub.web.load import LOAD_CURVES
from hub.web.mains import ELECTRICITY, Power, main_powers, media, power_now
from hub.web.meters import meter_of
from hub.web.navigation import ADDRESSES
from hub.web.page import language_of, page, project_of, zone_of
from hub.web.periods import midnight
from hub.web.points import dimension
from hub.web.question import key_of
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services, services_of
from hub.web.today import DAY_STARTS

CONSUMERS = 8
"""Meters listed as those that take most."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A meter with the power it takes now, and its share of the power of the main meters (NaN when unknown)."""

    info: DeviceInfo
    name: str
    power: Cell
    share: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Mean power by quarter of the hour: names of the quarters, and means of today and yesterday, NaN for none."""

    names: list[str]
    today: list[float]
    yesterday: list[float]

    @property
    def band(self) -> tuple[float, float]:
        """Least and greatest mean of yesterday; NaN when nothing is known of it."""
        known = [value for value in self.yesterday if isfinite(value)]
        return (min(known), max(known)) if known else (nan, nan)

    @property
    def known(self) -> bool:
        """Whether there is anything to draw."""
        return any(isfinite(value) for value in (*self.today, *self.yesterday))


async def overview(request: web.Request) -> web.Response:
    """The page."""
    services, project, language = services_of(request), project_of(request), language_of(request)
    core, zone = services.core, zone_of(project)
    power = power_now(services, project)
    devices = list(core.registry.devices(project.key))
    stood = {info.key: standing(core, info) for info in devices}
    return page(
        request,
        "overview.html",
        power=power,
        demand=await request.app[PEAKS].demand(power.powers, power.value, zone) if power.powers else None,
        media=await media(services, project, request.app[DAY_STARTS]),
        electricity=ELECTRICITY,
        day=midnight(core.clock.now_ms(), zone),
        curve=await _curve(request, project),
        consumers=_consumers(services, project, devices, power, language),
        counted=counts(stood.values()),
        devices=len(devices),
        silent=[(info, stood[info.key]) for info in devices if stood[info.key].answer is Answer.SILENT][:5],
        troubled=_troubled(services, project),
        notices=core.health.notices,
        keys=lambda entities: [key_of(entity) for entity in entities],
        stream={"page": "overview"},
    )


async def consumers_fragment(request: web.Request) -> web.Response:
    """The largest consumers as they are now, with their order and shares; the page asks again every few seconds."""
    services, project, language = services_of(request), project_of(request), language_of(request)
    devices = services.core.registry.devices(project.key)
    consumers = _consumers(services, project, devices, power_now(services, project), language)
    return page(request, "overview_consumers.html", consumers=consumers, electricity=ELECTRICITY)


async def load_columns(request: web.Request) -> web.Response:
    """The load curve of today and yesterday as JSON columns."""
    project = project_of(request)
    curve = await _curve(request, project)
    powers = main_powers(services_of(request), project)
    unit = powers[0].point.unit if powers else "kW"
    return answer(
        request,
        {"x": curve.names, "today": as_json(curve.today, 2), "yesterday": as_json(curve.yesterday, 2), "unit": unit},
    )


async def _curve(request: web.Request, project: Project) -> Curve:
    services, zone = services_of(request), zone_of(project)
    now = services.core.clock.now_ms()
    powers, curves = main_powers(services, project), request.app[LOAD_CURVES]
    before, day, after = (midnight(now, zone, days) for days in (-1, 0, 1))
    _, yesterday = await curves.curve(powers, before, day)
    at, today = await curves.curve(powers, day, after)
    names = [utc(ms).astimezone(zone).strftime("%H:%M") for ms in at.tolist()]
    aligned = np.full(len(at), np.nan)
    aligned[: len(yesterday)] = yesterday[: len(at)]
    return Curve(names, today.tolist(), aligned.tolist())


def _consumers(
    services: Services, project: Project, devices: Iterable[DeviceInfo], power: Power, language: Language
) -> list[Consumer]:
    """The meters of electricity, main meters aside, that take most now, the greatest first."""
    mains = {key for keys in project.main_meters.values() for key in keys}
    found = []
    for info in devices:
        meter = meter_of(services, project.key, info.key) if info.key not in mains else None
        cell = total(meter.powers, services.core.state, f"{info.key}#power") if meter is not None else None
        if cell is not None and cell.known and not cell.quality and dimension(cell.unit) == "power":
            kilowatts = convert(cell.value, cell.unit, power.unit)
            share = kilowatts / power.value if power.known and power.value > 0 and not power.missing else nan
            found.append((kilowatts, Consumer(info, label(info.name, language.key) or info.key, cell, share)))
    found.sort(key=lambda each: each[0], reverse=True)
    return [consumer for _, consumer in found[:CONSUMERS]]


def _troubled(services: Services, project: Project) -> list[EntryHealth]:
    """Entries that failed or whose link is down."""
    states = (EntryState.FAILED, EntryState.LINK_DOWN)
    return [entry for entry in services.core.health.of_project(project.key) if entry.state in states]


def _points(services: Services, project: str, query: Mapping[str, str]) -> Iterable[Entity]:
    found = services.configuration().projects.get(project)
    if found is not None:
        yield from main_powers(services, found)


def _figures(services: Services, project: str, query: Mapping[str, str]) -> Figures:
    """The sum of the main meters while all of them are known, sums of several circuits, and who answers."""
    figures: dict[str, float | str] = {}
    found = services.configuration().projects.get(project)
    power = power_now(services, found) if found is not None else None
    if power is not None and power.known:
        figures["#power"] = power.value
    return figures


ROUTES = (
    Route("GET", ADDRESSES["overview"], overview, "view:overview"),
    Route("GET", "/p/{project}/ui/overview/consumers", consumers_fragment, "view:overview"),
    Route("GET", "/p/{project}/ui/overview/load.json", load_columns, "view:overview"),
)
TOPICS = {"overview": Topic("view:overview", _points, _figures)}
