"""Integrations: what is installed, what of it runs for this project, and what failed and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hub.core.health import EntryHealth
from hub.plugins import Installed
from hub.web.navigation import ADDRESSES
from hub.web.page import page, project_of
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services, services_of


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin and the entries of this project that it runs; `fault` sums up where it failed."""

    installed: Installed
    entries: list[EntryHealth]
    fault: str


async def integrations_page(request: web.Request) -> web.Response:
    """Installed plugins with their entries; a broken one never hides the page."""
    project = project_of(request)
    services = services_of(request)
    configuration = services.configuration()
    entries = list(services.core.health.of_project(project.key))
    plugins = [_plugin(one, entries) for one in services.plugins.installed]
    known = {id(entry) for plugin in plugins for entry in plugin.entries}
    return page(
        request,
        "integrations.html",
        plugins=sorted(plugins, key=lambda plugin: (not plugin.installed.error, plugin.installed.name)),
        others=[entry for entry in entries if id(entry) not in known],
        refused=[one for one in configuration.refused if one.project in ("", project.key)],
        errors=[error for error in configuration.errors if error.file == project.file],
        stream={"page": "integrations"},
    )


def _plugin(installed: Installed, entries: list[EntryHealth]) -> Plugin:
    mine = [entry for entry in entries if entry.integration in installed.integrations]
    return Plugin(installed, mine, _summary(installed.trace))


def _summary(trace: str) -> str:
    """The last places of a traceback, without the paths of this machine."""
    places = [line.strip() for line in trace.splitlines() if line.strip().startswith('File "/')]
    return "\n".join(_place(line) for line in places[-4:])


def _place(line: str) -> str:
    """`File "/a/b/c.py", line 3, in f` as `b/c.py, line 3, in f`."""
    _, file, rest = line.split('"', 2)
    return "/".join(file.replace("\\", "/").split("/")[-2:]) + rest


def _figures(services: Services, project: str, _query: Mapping[str, str]) -> Figures:
    figures: dict[str, float | str] = {}
    for entry in services.core.health.of_project(project):
        figures[f"{entry.entry}#state"] = entry.state.value
        figures[f"{entry.entry}#since"] = entry.since
        figures[f"{entry.entry}#restarts"] = entry.restarts
        figures[f"{entry.entry}#reason"] = entry.reason
    return figures


ROUTES = (Route("GET", ADDRESSES["integrations"], integrations_page, "view:integrations"),)

TOPICS = {"integrations": Topic("view:integrations", figures=_figures)}
