"""Devices: which answer, how busy their links are, what their requests came to; and the points of one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web

from hub.core.health import DeviceHealth, Fault, LinkHealth
from hub.core.model import DeviceInfo, Entity, Kind
from hub.core.state import NEVER
from hub.web.answering import Answer, Standing, standing
from hub.web.navigation import ADDRESSES
from hub.web.page import is_fragment, language_of, page, project_of
from hub.web.paging import Sheet, sheet
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services, services_of

_NO_HEALTH = DeviceHealth()


@dataclass(frozen=True, slots=True)
class Row:
    """A device as the list shows it."""

    info: DeviceInfo
    health: DeviceHealth
    standing: Standing

    @property
    def troubled(self) -> bool:
        """Whether somebody should look at it."""
        return self.standing.answer is Answer.SILENT or bool(self.health.warnings)

    @property
    def answered_at(self) -> int:
        """Time of the last answer, or of the newest reading where the integration counts no requests; ms UTC."""
        return self.health.answered_at or self.standing.read_at

    @property
    def other_faults(self) -> int:
        """Requests that failed otherwise than by time-out, checksum or refusal."""
        return sum(self.health.faults.get(fault, 0) for fault in (Fault.WRONG_REPLY, Fault.IMPLAUSIBLE))

    def figures(self) -> dict[str, float | str]:
        """What the stream tells of the device, by key."""
        health, key = self.health, self.info.key
        faults = {fault.value: health.faults.get(fault, 0) for fault in Fault}
        return {
            f"{key}#state": self.standing.answer.value,
            f"{key}#requests": health.requests,
            f"{key}#answers": health.answers,
            f"{key}#latency": round(health.latency_ms, 1),
            f"{key}#other": self.other_faults,
            f"{key}#answered": self.answered_at,
            **{f"{key}#{name}": count for name, count in faults.items()},
        }


async def devices_page(request: web.Request) -> web.Response:
    """The devices of a project, fifty a page, and the links they hang on."""
    project = project_of(request)
    services = services_of(request)
    rows = _rows(services, project.key)
    return page(
        request,
        "devices.html",
        "devices" if is_fragment(request) else None,
        shown=_shown(services, project.key, request.query),
        links=_links(services, project.key),
        answering=sum(row.standing.answer is Answer.ANSWERING for row in rows),
        silent=sum(row.standing.answer is Answer.SILENT for row in rows),
        total=len(rows),
        trouble=_only_trouble(request.query),
        q=request.query.get("q", ""),
        monotonic=services.core.clock.monotonic(),
        stream={"page": "devices", **_view(request.query)},
    )


async def device_page(request: web.Request) -> web.Response:
    """One device: how it answers, and its points with their newest readings."""
    project = project_of(request)
    services = services_of(request)
    info = services.core.registry.device(f"{project.key}/{request.match_info['device']}")
    if info is None or info.id not in services.core.registry.active:
        raise web.HTTPNotFound(text=language_of(request).gettext("No such device in this project."))
    return page(
        request,
        "device.html",
        "points" if is_fragment(request) else None,
        row=_row(services, info),
        area=project.areas.get(info.area),
        shown=_points(services, info, request.query),
        registry=services.core.registry,
        state=services.core.state,
        never=NEVER,
        text_kind=Kind.TEXT,
        status_kind=Kind.STATUS,
        q=request.query.get("q", ""),
        stream={"page": "device", "device": info.key, **_view(request.query)},
    )


def _view(query: Mapping[str, str]) -> dict[str, str]:
    """The part of a query that decides which rows are shown."""
    return {key: query[key] for key in ("n", "q", "show") if query.get(key)}


def _only_trouble(query: Mapping[str, str]) -> bool:
    return query.get("show") == "trouble"


def _row(services: Services, info: DeviceInfo) -> Row:
    health = services.core.health.device(info.project, info.key) or _NO_HEALTH
    return Row(info, health, standing(services.core, info))


def _rows(services: Services, project: str) -> list[Row]:
    return [_row(services, info) for info in services.core.registry.devices(project)]


def _shown(services: Services, project: str, query: Mapping[str, str]) -> Sheet[Row]:
    """The devices one view of the list shows: those that match its text, or only those in trouble."""
    text, number = query.get("q", "").strip().lower(), query.get("n", "")
    found = [info for info in services.core.registry.devices(project) if not text or text in _said(info)]
    found.sort(key=_place)
    if _only_trouble(query):
        return sheet([row for info in found if (row := _row(services, info)).troubled], number)
    chosen = sheet(found, number)
    return Sheet([_row(services, info) for info in chosen.rows], chosen.number, chosen.count, chosen.total)


def _said(info: DeviceInfo) -> str:
    """All that a search may find a device by, in lower case."""
    names = [info.name] if isinstance(info.name, str) else info.name.values()
    return " ".join([info.key, info.model, info.manufacturer, info.address, info.entry, *names]).lower()


def _place(info: DeviceInfo) -> tuple[str, list[tuple[int, str]]]:
    """Sorts devices by link, and on it by address as people count: unit 2 before unit 10."""
    parts = re.findall(r"\d+|\D+", info.address or info.key)
    return info.entry, [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _links(services: Services, project: str) -> list[tuple[str, LinkHealth]]:
    """Links with the entry that holds them."""
    return [(entry.entry, link) for entry in services.core.health.of_project(project) for link in entry.links.values()]


def _points(services: Services, info: DeviceInfo, query: Mapping[str, str]) -> Sheet[Entity]:
    """Points of a device whose key holds the text searched for, in the order of its profile."""
    text = query.get("q", "").strip().lower().replace(" ", "_")
    entities = services.core.registry.entities(info.id).values()
    return sheet([entity for entity in entities if text in entity.point.key], query.get("n", ""))


def _list_figures(services: Services, project: str, query: Mapping[str, str]) -> Figures:
    figures: dict[str, float | str] = {}
    for row in _shown(services, project, query).rows:
        figures |= row.figures()
    now = services.core.clock.monotonic()
    for entry, link in _links(services, project):
        figures[f"{entry}/{link.name}#up"] = "up" if link.up else "down"
        figures[f"{entry}/{link.name}#load"] = round(link.load(now) * 100, 1)
        figures[f"{entry}/{link.name}#cycle"] = round(link.cycle_seconds, 2)
    return figures


def _device_points(services: Services, project: str, query: Mapping[str, str]) -> Iterable[Entity]:
    info = services.core.registry.device(f"{project}/{query.get('device', '')}")
    return _points(services, info, query).rows if info is not None else ()


def _device_figures(services: Services, project: str, query: Mapping[str, str]) -> Figures:
    info = services.core.registry.device(f"{project}/{query.get('device', '')}")
    if info is None:
        return {}
    times = services.core.state.at
    ages = {
        f"{info.key}.{entity.point.key}#at": int(times[entity.row])
        for entity in _points(services, info, query).rows
        if times[entity.row] != NEVER
    }
    return {**ages, **_row(services, info).figures()}


ROUTES = (
    Route("GET", ADDRESSES["devices"], devices_page, "view:devices"),
    Route("GET", ADDRESSES["device"], device_page, "view:devices"),
)

TOPICS = {
    "devices": Topic("view:devices", figures=_list_figures),
    "device": Topic("view:devices", points=_device_points, figures=_device_figures),
}
