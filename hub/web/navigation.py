"""Addresses of pages by name, and the groups in which the rail and the phone's tabs show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hub.config import Project
from hub.web.words import N_

ADDRESSES: Mapping[str, str] = {
    "overview": "/p/{project}/overview",
    "live": "/p/{project}/live",
    "meter": "/p/{project}/live/{device}",
    "history": "/p/{project}/history",
    "devices": "/p/{project}/devices",
    "device": "/p/{project}/devices/{device}",
    "integrations": "/p/{project}/integrations",
    "health": "/admin/health",
    "stream": "/p/{project}/ui/stream",
}
"""The path of each page."""


@dataclass(frozen=True, slots=True)
class Item:
    """One link of the navigation; `tab` says that the phone shows it in its bar rather than under More."""

    name: str
    label: str
    icon: str
    tab: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An item as this request shows it."""

    item: Item
    address: str
    current: bool


_GROUPS = (
    (
        N_("Operate"),
        (
            Item("overview", N_("Overview"), "layout-dashboard", tab=True),
            Item("live", N_("Live"), "activity", tab=True),
        ),
    ),
    (N_("Analyse"), (Item("history", N_("History"), "chart-line", tab=True),)),
    (
        N_("Set up"),
        (
            Item("devices", N_("Devices"), "cpu", tab=True),
            Item("integrations", N_("Integrations"), "plug"),
            Item("health", N_("System"), "heart-pulse"),
        ),
    ),
)

EXISTING = web.AppKey("existing_paths", frozenset[str])
"""Paths of the routes this application has: the navigation shows no page that does not exist."""


def navigation(request: web.Request, project: Project | None) -> list[tuple[str, list[Link]]]:
    """Groups of links to the pages that exist, for `project`; pages of a project are left out when there is none."""
    groups = [(name, [link for item in items if (link := _link(request, item, project))]) for name, items in _GROUPS]
    return [(name, links) for name, links in groups if links]


def first_page(app: web.Application, project: Project) -> str:
    """Where `/` leads: the first page of the navigation."""
    for _, items in _GROUPS:
        for item in items:
            if ADDRESSES[item.name] in app[EXISTING]:
                return ADDRESSES[item.name].format(project=project.key)
    raise LookupError("no page exists")


def _link(request: web.Request, item: Item, project: Project | None) -> Link | None:
    pattern = ADDRESSES[item.name]
    if pattern not in request.app[EXISTING] or ("{project}" in pattern and project is None):
        return None
    path = pattern.format(project=project.key if project else "")
    return Link(item, path, request.path == path or request.path.startswith(path + "/"))
