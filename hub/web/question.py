"""What a reader asks of the history, as the query of an address says it: points, stretch of time, step, figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from hub.config import Project
from hub.core.model import Entity, Kind
from hub.core.registry import Registry
from hub.web.language import Language
from hub.web.page import zone_of
from hub.web.periods import LONGEST, Span, Step, WrongTime, chosen_step, moment, preset, typed
from hub.web.series import Figure

MOST = 8
"""Points that are shown at once."""

PRESETS = ("hour", "day", "today", "yesterday", "week", "month", "year")
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Question:
    """Points and how they are asked for; `step` is the one taken, `wanted` the one asked for, None for automatic.

    `device` is the meter whose points are offered next, `text` what their names must hold.
    """

    entities: tuple[Entity, ...]
    preset: str
    span: Span
    wanted: Step | None
    step: Step
    figure: Figure
    device: str = ""
    text: str = ""

    def query(self, project: Project, **changes: str | None) -> str:
        """The query that asks this question, with parts changed or dropped."""
        zone = zone_of(project)
        parts: list[tuple[str, str]] = [("p", key_of(entity)) for entity in self.entities]
        rest: dict[str, str | None] = {"r": self.preset}
        if self.preset == CUSTOM:
            rest |= {"from": typed(self.span.start, zone), "to": typed(self.span.end, zone)}
        if self.wanted is not None:
            rest["step"] = self.wanted.value
        if self.figure is not Figure.AUTO:
            rest["figure"] = self.figure.value
        rest |= {"d": self.device, "q": self.text, **changes}
        return urlencode(parts + [(key, value) for key, value in rest.items() if value])

    def without(self, entity: Entity) -> Question:
        """The same question about one point less."""
        return replace(self, entities=tuple(one for one in self.entities if one is not entity))


def key_of(entity: Entity) -> str:
    """`device.point`, how addresses name an entity within its project."""
    return f"{entity.device.key}.{entity.point.key}"


def asked(query: MultiMapping[str], project: Project, registry: Registry, now: int, language: Language) -> Question:
    """The question in `query`. Raises HTTPBadRequest with words for what makes no sense, HTTPNotFound for a point."""
    _ = language.gettext
    name = query.get("r") or (CUSTOM if query.get("from") else "day")
    span = _span(query, name, project, now, language)
    try:
        wanted = Step(query["step"]) if query.get("step") else None
    except ValueError:
        raise web.HTTPBadRequest(text=_("No such step. Known are: %s.") % ", ".join(Step)) from None
    try:
        figure = Figure(query.get("figure") or "auto")
    except ValueError:
        raise web.HTTPBadRequest(text=_("No such figure. Known are: %s.") % ", ".join(Figure)) from None
    keys = list(dict.fromkeys(key for key in query.getall("p", []) if key))
    if len(keys) > MOST:
        raise web.HTTPBadRequest(text=_("At most %s points can be shown at once.") % MOST)
    entities = tuple(_entity(key, project, registry, language) for key in keys)
    device = query.get("d", "") or (entities[-1].device.key if entities else "")
    if device and registry.device(f"{project.key}/{device}") is None:
        raise web.HTTPNotFound(text=_("No such meter in this project."))
    text = query.get("q", "").strip().casefold()[:80]
    return Question(entities, name, span, wanted, chosen_step(span, wanted), figure, device, text)


def _span(query: MultiMapping[str], name: str, project: Project, now: int, language: Language) -> Span:
    _, zone = language.gettext, zone_of(project)
    if name != CUSTOM:
        found = preset(name, now, zone)
        if found is None:
            raise web.HTTPBadRequest(text=_("No such period. Known are: %s.") % ", ".join((*PRESETS, CUSTOM)))
        return found
    try:
        start = moment(query.get("from", ""), zone)
        end = moment(query["to"], zone) if query.get("to") else now
    except WrongTime as wrong:
        raise web.HTTPBadRequest(
            text=_("“%s” is no time. Write it as 2026-11-22T14:05, in the project's zone.") % wrong
        ) from None
    if end <= start:
        raise web.HTTPBadRequest(text=_("The end of the period must come after its beginning."))
    if end - start > LONGEST:
        raise web.HTTPBadRequest(text=_("The period must not be longer than ten years."))
    return Span(start, end)


def _entity(key: str, project: Project, registry: Registry, language: Language) -> Entity:
    device, _dot, point = key.partition(".")
    entity = registry.entities(f"{project.key}/{device}").get(point)
    if entity is None or entity.point.kind is Kind.TEXT:
        raise web.HTTPNotFound(text=language.gettext("No such point in this project: %s") % key[:120])
    return entity
