"""What an address is: handler, the action it needs, and the live points its page wants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from hub.core.model import Entity
from hub.web.services import Services

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Figures = Mapping[str, float | str]
"""Numbers and words of a page that are no entity, by key: sums, ages, counts of requests."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `action` is what `authorize` will be asked for; a route that names none is refused at start."""

    method: str
    path: str
    handler: Handler
    action: str


def _no_points(_services: Services, _project: str, _query: Mapping[str, str]) -> Iterable[Entity]:
    return ()


def _no_figures(_services: Services, _project: str, _query: Mapping[str, str]) -> Figures:
    return {}


@dataclass(frozen=True, slots=True)
class Topic:
    """What one kind of page shows live: entities of the state table, and figures computed each second.

    Both functions are given the services, the project and the page's query; the same query must give the same choice.
    The stream names an entity `device.point`, and a figure by its own key.
    """

    action: str
    points: Callable[[Services, str, Mapping[str, str]], Iterable[Entity]] = field(default=_no_points)
    figures: Callable[[Services, str, Mapping[str, str]], Figures] = field(default=_no_figures)
