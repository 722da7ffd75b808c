"""The live list: every meter of a project or an area, with what passes through it now and what has today."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

from aiohttp import web

from hub.config import Project
from hub.core.core import Core
from hub.core.model import DeviceInfo, Entity, label
from hub.web.answering import Answer, Standing, counts, standing
from hub.web.areas import area_name, tree, within
from hub.web.cells import Cell, greatest, newest, total
from hub.web.language import Language
from hub.web.navigation import ADDRESSES
from hub.web.page import is_fragment, language_of, page, project_of, zone_of
from hub.web.paging import LENGTH, Sheet, sheet
from hub.web.periods import midnight
from hub.web.points import Roles, roles
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services, services_of
from hub.web.today import DAY_STARTS, Amount, DayStarts, Start, amount

PLAIN = ("name", "medium", "state", "read")
FIGURES = ("power", "current", "factor", "today")
"""Ways to sort: by what is known of each meter anyway, and by figures that must be worked out for all of them."""

_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the query asks for; empty texts ask for everything."""

    text: str = ""
    area: str = ""
    medium: str = ""
    state: str = ""
    sort: str = "name"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """One row of the list."""

    info: DeviceInfo
    name: str
    area: str
    standing: Standing
    power: Cell | None
    current: Cell | None
    factor: Cell | None
    counter: Cell | None
    today: Amount | None


def read_filter(query: Mapping[str, str], project: Project, language: Language) -> Filter:
    """The filter in a query. Raises HTTPBadRequest with words for a value that cannot be."""
    _ = language.gettext
    sort = query.get("sort", "name")
    area, state = query.get("area", ""), query.get("state", "")
    if sort.removeprefix("-") not in PLAIN + FIGURES:
        known = ", ".join(PLAIN + FIGURES)
        raise web.HTTPBadRequest(text=_("The list cannot be sorted by that, but by one of: %s.") % known)
    if area and area not in project.areas:
        raise web.HTTPBadRequest(text=_("No such area in this project."))
    if state and state not in list(Answer):
        raise web.HTTPBadRequest(text=_("A meter is answering, silent or waiting; no other state is known."))
    text, medium = query.get("q", "").strip()[:80], query.get("medium", "")[:40]
    return Filter(text, area, medium, state, sort.removeprefix("-"), sort.startswith("-"))


async def live(request: web.Request) -> web.Response:
    """The list, or its table alone for htmx."""
    services, project, language = services_of(request), project_of(request), language_of(request)
    wanted = read_filter(request.query, project, language)
    devices = list(services.core.registry.devices(project.key))
    stood = {info.key: standing(services.core, info) for info in devices}
    matching = [info for info in devices if _matches(info, wanted, project, stood[info.key], language)]
    shown = await _shown(request, project, matching, stood, wanted)
    return page(
        request,
        "live.html",
        "meters" if is_fragment(request) else None,
        wanted=wanted,
        shown=shown,
        has={name: any(getattr(meter, name) is not None for meter in shown.rows) for name in ("current", "factor")},
        counted=counts(stood.values()),
        devices=len(devices),
        media=sorted({info.medium for info in devices} - {""}),
        areas=tree(project, [(info.area, stood[info.key].answer is Answer.SILENT) for info in devices]),
        stream={"page": "live", "of": ".".join(meter.info.key for meter in shown.rows)},
    )


async def _shown(
    request: web.Request,
    project: Project,
    matching: list[DeviceInfo],
    stood: Mapping[str, Standing],
    wanted: Filter,
) -> Sheet[Meter]:
    """One page of the list; only to sort by a figure is that figure worked out for meters that are not shown."""
    language, number = language_of(request), request.query.get("n", "")
    if wanted.sort in FIGURES:
        return sheet(_by_figure(await _meters(request, project, matching, stood), wanted), number)
    matching.sort(key=lambda info: _plain_key(info, stood[info.key], wanted.sort, language))
    if wanted.descending:
        matching.reverse()
    part = sheet(matching, number)
    return Sheet(await _meters(request, project, part.rows, stood), part.number, part.count, part.total)


async def _meters(
    request: web.Request, project: Project, devices: Sequence[DeviceInfo], stood: Mapping[str, Standing]
) -> list[Meter]:
    services, language = services_of(request), language_of(request)
    state, registry = services.core.state, services.core.registry
    parts = [roles(registry.entities(info.id)) for info in devices]
    day = midnight(services.core.clock.now_ms(), zone_of(project))
    starts = await request.app[DAY_STARTS].of([entity for role in parts for entity in role.counter], day)
    return [
        Meter(
            info,
            label(info.name, language.key) or info.key,
            area_name(project, info.area, language.key),
            stood[info.key],
            total(role.power, state, f"{info.key}#power"),
            greatest(role.currents, state, f"{info.key}#current"),
            total(role.power_factor[:1], state, ""),
            total(role.counter, state, f"{info.key}#counter"),
            amount(role.counter, starts, state, day) if role.counter else None,
        )
        for info, role in zip(devices, parts, strict=True)
    ]


def _matches(info: DeviceInfo, wanted: Filter, project: Project, stood: Standing, language: Language) -> bool:
    if wanted.medium and info.medium != wanted.medium:
        return False
    if wanted.state and stood.answer != wanted.state:
        return False
    if wanted.area and not within(project, info.area, wanted.area):
        return False
    words = (info.key, label(info.name, language.key), info.model, info.address, info.entry)
    return not wanted.text or wanted.text.casefold() in " ".join(words).casefold()


def _plain_key(info: DeviceInfo, stood: Standing, sort: str, language: Language) -> tuple[object, ...]:
    name = [
        int(part) if part.isdecimal() else part.casefold() for part in _NUMBER.split(label(info.name, language.key))
    ]
    first = {"medium": info.medium, "state": -list(Answer).index(stood.answer), "read": -stood.read_at}.get(sort, 0)
    return (first, [str(part).rjust(12) if isinstance(part, int) else part for part in name], info.key)


def _by_figure(meters: list[Meter], wanted: Filter) -> list[Meter]:
    """Sorted by a figure, the greatest first when descending; meters without it come last either way."""

    def figure(meter: Meter) -> float:
        if wanted.sort == "today":
            return meter.today.value if meter.today else nan
        shown: Cell | None = getattr(meter, wanted.sort)
        return shown.value if shown is not None and shown.known else nan

    with_figure = [meter for meter in meters if not isnan(figure(meter))]
    without = [meter for meter in meters if isnan(figure(meter))]
    return sorted(with_figure, key=figure, reverse=wanted.descending) + without


def topics(starts: DayStarts) -> dict[str, Topic]:
    """What one page of the list shows live; `starts` knows where the day's counts began once the page was rendered."""

    def figures(services: Services, project: str, query: Mapping[str, str]) -> Figures:
        found = services.configuration().projects.get(project)
        day = midnight(services.core.clock.now_ms(), zone_of(found))
        known = starts.known(day)
        return {
            name: value
            for info, role in _devices(services, project, query)
            for name, value in _figures(services.core, info, role, known, day)
        }

    return {"live": Topic("view:live", _points, figures)}


def _devices(services: Services, project: str, query: Mapping[str, str]) -> Iterable[tuple[DeviceInfo, Roles]]:
    """The devices named in a stream's query, those of this project that are in use, and what their points are."""
    registry = services.core.registry
    for key in query.get("of", "").split(".")[:LENGTH]:
        info = registry.device(f"{project}/{key}")
        if info is not None and info.id in registry.active:
            yield info, roles(registry.entities(info.id))


def _points(services: Services, project: str, query: Mapping[str, str]) -> Iterable[Entity]:
    """The entities that one page of the list shows as they are."""
    for _, role in _devices(services, project, query):
        for entities in (role.power, role.counter):
            if len(entities) == 1:
                yield entities[0]
        yield from role.power_factor[:1]


def _figures(
    core: Core, info: DeviceInfo, role: Roles, known: Mapping[int, Start], day: int
) -> Iterable[tuple[str, float | str]]:
    """State, time of the newest reading, highest phase current, sums over circuits, amount since midnight.

    A figure made of readings that are not good is NaN, which shows as a dash: the stream has no quality for it.
    """
    key, state = info.key, core.state
    yield f"{key}#state", standing(core, info).answer.value
    if read_at := newest(role.entities(), state):
        yield f"{key}#at", read_at
    sums = (total(role.power, state, f"{key}#power"), total(role.counter, state, f"{key}#counter"))
    for found in (greatest(role.currents, state, f"{key}#current"), *sums):
        if found is not None and "#" in found.key and found.known:
            yield found.key, nan if found.quality else found.value
    today = amount(role.counter, known, state, day)
    if today.known:
        yield f"{key}#today", round(today.value, today.digits)


ROUTES = (Route("GET", ADDRESSES["live"], live, "view:live"),)
