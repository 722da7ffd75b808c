"""The history page: any points over any stretch of time, as chart, table and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiohttp import web

from hub.config import Project
from hub.core.clock import utc
from hub.core.model import Entity, Kind, label
from hub.web import export
from hub.web.columns import answer, as_json
from hub.web.format import decimals
from hub.web.language import Language
from hub.web.meters import COLOURS
from hub.web.navigation import ADDRESSES
from hub.web.page import is_fragment, language_of, page, project_of, zone_of
from hub.web.paging import Sheet, sheet
from hub.web.periods import Step, typed
from hub.web.question import CUSTOM, PRESETS, Question, asked, key_of
from hub.web.route import Route
from hub.web.series import Figure, Line, borders_of, bucket_lines, raw_lines
from hub.web.services import Services, services_of
from hub.web.words import Words

UI = "/p/{project}/ui/history"
MOST_OFFERED = 120
"""Points listed for choice; a meter with more has a search."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line in figures, for the table above the chart; NaN where nothing is known."""

    line: Line
    name: str
    colour: str
    digits: int
    least: float
    greatest: float
    mean: float
    total: float


async def history_page(request: web.Request) -> web.Response:
    """The page, or its view alone for htmx."""
    services, project, language = services_of(request), project_of(request), language_of(request)
    question = _question(request)
    lines = await _lines(services, project, question)
    registry, words = services.core.registry, Words(language)
    offered = _offered(services, project, question)
    matching = [e for e in offered if _has(question.text, e, words, project)]
    return page(
        request,
        "history.html",
        "view" if is_fragment(request) else None,
        question=question,
        told=[_told(line, place, words, project, language) for place, line in enumerate(lines)],
        table=_table(lines, request.query.get("n", "")),
        meters=sorted(registry.devices(project.key), key=lambda info: label(info.name, language.key) or info.key),
        points=matching[:MOST_OFFERED],
        searched=len(offered) > MOST_OFFERED,
        hidden=max(0, len(matching) - MOST_OFFERED),
        presets=PRESETS,
        custom=CUSTOM,
        steps=list(Step),
        figures=list(Figure),
        removed={key_of(e): question.without(e).query(project) for e in question.entities},
        ask=lambda **changes: question.query(project, **changes),
        start=typed(question.span.start, zone_of(project)),
        end=typed(question.span.end, zone_of(project)),
        key_of=key_of,
        csv=f"{UI}.csv".format(project=project.key),
    )


async def history_columns(request: web.Request) -> web.Response:
    """The lines as JSON columns for the chart."""
    services, project, language = services_of(request), project_of(request), language_of(request)
    question = _question(request)
    lines = await _lines(services, project, question)
    words = Words(language)
    told = [_told(line, place, words, project, language) for place, line in enumerate(lines)]
    offset = utc(question.span.start).astimezone(zone_of(project)).utcoffset()
    shared = lines[0].at if lines and question.step is not Step.RAW else np.empty(0, dtype=np.int64)
    return answer(
        request,
        {
            "t": shared.tolist(),
            "from": question.span.start,
            "to": question.span.end,
            "offset": round(offset.total_seconds() * 1000) if offset is not None else 0,
            "zone": project.zone,
            "step": question.step.value,
            "panels": _panels(told, question.step),
        },
    )


async def history_csv(request: web.Request) -> web.StreamResponse:
    """The lines as a CSV file, sent while it is read."""
    services, project, language = services_of(request), project_of(request), language_of(request)
    question = _question(request)
    if not question.entities:
        raise web.HTTPBadRequest(text=language.gettext("Choose at least one point to export."))
    words = Words(language)
    names = [_header(entity, words, project, language) for entity in question.entities]
    response = web.StreamResponse()
    response.content_type, response.charset = "text/csv", "utf-8"
    day = utc(question.span.start).astimezone(zone_of(project)).strftime("%Y-%m-%d")
    response.headers["Content-Disposition"] = f'attachment; filename="{project.key}-{day}-{question.step.value}.csv"'
    await response.prepare(request)
    now = services.core.clock.now_ms()
    async for piece in export.rows(services.history, question, names, zone_of(project), now):
        await response.write(piece)
    await response.write_eof()
    return response


def _offered(services: Services, project: Project, question: Question) -> list[Entity]:
    """The points of the meter chosen that can still be added."""
    if not question.device:
        return []
    found = services.core.registry.entities(f"{project.key}/{question.device}")
    return [e for e in found.values() if e.point.kind is not Kind.TEXT and e not in question.entities]


def _has(text: str, entity: Entity, words: Words, project: Project) -> bool:
    """Whether the key or name of a point holds every word of `text`."""
    told = f"{entity.point.key} {words.point(entity.point.key, project.phases)}".casefold()
    return all(word in told for word in text.split())


def _question(request: web.Request) -> Question:
    services = services_of(request)
    now = services.core.clock.now_ms()
    return asked(request.query, project_of(request), services.core.registry, now, language_of(request))


async def _lines(services: Services, project: Project, question: Question) -> list[Line]:
    if not question.entities:
        return []
    if question.step is Step.RAW:
        return await raw_lines(services.history, question.entities, question.span)
    borders = borders_of(question.span, question.step, zone_of(project), services.core.clock.now_ms())
    return await bucket_lines(services.history, question.entities, borders, question.step, question.figure)


def _told(line: Line, place: int, words: Words, project: Project, language: Language) -> Told:
    known = line.known
    some = len(known) > 0
    counted = line.figure is Figure.DIFFERENCE and some
    return Told(
        line,
        _name(line.entity, words, project, language),
        COLOURS[place % len(COLOURS)],
        0 if line.figure is Figure.COUNT else decimals(line.entity.point),
        float(known.min()) if some else np.nan,
        float(known.max()) if some else np.nan,
        float(known.mean()) if some else np.nan,
        float(known.sum()) + line.across if counted else np.nan,
    )


def _name(entity: Entity, words: Words, project: Project, language: Language) -> str:
    meter = label(entity.device.name, language.key) or entity.device.key
    return f"{meter} · {words.point(entity.point.key, project.phases)}"


def _header(entity: Entity, words: Words, project: Project, language: Language) -> str:
    unit = f" [{entity.point.unit}]" if entity.point.unit else ""
    return _name(entity, words, project, language) + unit


def _panels(told: Sequence[Told], step: Step) -> list[dict[str, Any]]:
    """Lines by unit: what has another unit has a scale of its own."""
    units = list(dict.fromkeys(one.line.unit for one in told))
    return [
        {
            "unit": unit,
            "zero": any(one.line.figure is Figure.DIFFERENCE for one in told if one.line.unit == unit),
            "series": [_series(one, step) for one in told if one.line.unit == unit],
        }
        for unit in units
    ]


def _series(one: Told, step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": one.name,
        "colour": one.colour,
        "values": as_json(one.line.values),
        "bars": one.line.figure is Figure.DIFFERENCE,
        "step": step is Step.RAW or one.line.figure is Figure.LAST,
    }
    return found | ({"t": one.line.at.tolist()} if step is Step.RAW else {})


def _table(lines: Sequence[Line], number: str) -> Sheet[tuple[int, list[float]]]:
    """Times with the value of each line, the newest first, fifty a page."""
    if not lines:
        return sheet([], "")
    axis = np.unique(np.concatenate([line.at for line in lines]))
    columns = []
    for line in lines:
        column = np.full(len(axis), np.nan)
        column[np.searchsorted(axis, line.at)] = line.values
        columns.append(column.tolist())
    rows = [(int(at), [column[place] for column in columns]) for place, at in enumerate(axis.tolist())]
    return sheet(rows[::-1], number)


ROUTES = (
    Route("GET", ADDRESSES["history"], history_page, "view:history"),
    Route("GET", f"{UI}.json", history_columns, "view:history"),
    Route("GET", f"{UI}.csv", history_csv, "view:history"),
)
