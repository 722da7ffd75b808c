"""One page, or one block of it as a fragment, from a template and the request's language, theme and project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Template

from hub.config import Project
from hub.web import format as fmt
from hub.web.frontend import FRONTEND
from hub.web.language import COOKIE as LANGUAGE_COOKIE
from hub.web.language import TAGS, Language, chosen_language
from hub.web.navigation import ADDRESSES, EXISTING, navigation
from hub.web.services import services_of

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
YEAR = 365 * 86_400
QUERY_ONLY = ("lang", "theme")
"""Parts of a query that change the reader's settings and are no part of the view."""


def page(
    request: web.Request, template: str, block: str | None = None, *, status: int = 200, **context: Any
) -> web.Response:
    """The page `template`, or only its block `block`, which may use the same names.

    Beside `context` a template knows `_`, `ui` (the macros of parts.html), `named`, `number`, `stamp`, `moment`,
    `words`, `project`, `url(page, **query)`, `asset(path)`, `here(**query)`, and what `base.html` needs. A template
    sets its live points by `stream={"page": "live", ...}`: the query of its stream, `quiet` when it has none.
    """
    language = language_of(request)
    templates = request.app[FRONTEND].templates[language.tag]
    values = {**_context(request, language), **context}
    made = templates.get_template(template)
    text = _fragment(made, block, values) if block else made.render(values)
    response = web.Response(text=text, content_type="text/html", status=status)
    response.enable_compression()
    _remember(request, response)
    return response


def language_of(request: web.Request) -> Language:
    """The language of the reader."""
    return request.app[FRONTEND].languages[chosen_language(request)]


def project_of(request: web.Request) -> Project:
    """The project in the request's path. Raises HTTPNotFound for one that is not configured."""
    project = services_of(request).configuration().projects.get(request.match_info["project"])
    if project is None:
        raise web.HTTPNotFound(text=language_of(request).gettext("No such project."))
    return project


def zone_of(project: Project | None) -> ZoneInfo:
    """The zone in which a project's times are shown."""
    return ZoneInfo(project.zone if project is not None else "UTC")


def is_fragment(request: web.Request) -> bool:
    """Whether htmx asks for a part of the page rather than a browser for all of it."""
    return request.headers.get("HX-Request-Type") == "partial"


def _fragment(template: Template, block: str, values: dict[str, Any]) -> str:
    """One block, and the page's stream for the points the block shows."""
    context = template.new_context(values)
    stream = str(context["ui"].stream(context["url"]("stream", **context["stream"]), swap=True))
    return "".join([*template.blocks[block](context), stream])


def _context(request: web.Request, language: Language) -> dict[str, Any]:
    services = services_of(request)
    projects = services.configuration().projects
    project = projects.get(request.match_info.get("project", ""))
    shown = project or next(iter(projects.values()), None)
    zone = zone_of(shown)
    other = next(tag for tag in TAGS if tag != language.tag)
    return {
        "language": language,
        "theme": _theme(request),
        "project": project,
        "shown_project": shown,
        "projects": projects,
        "navigation": navigation(request, shown),
        "path": request.path,
        "now": services.core.clock.now_ms(),
        "version": services.version,
        "stream": {"page": "quiet"},
        "zone": zone,
        "url": lambda name, **query: address(shown.key if shown else "", name, **query),
        "here": lambda **query: _here(request, query),
        "stamp": lambda ms: fmt.stamp(ms, zone),
        "clock": lambda ms: fmt.clock(ms, zone),
        "moment": lambda ms, pattern: fmt.moment(ms, zone, pattern, language),
        "switch": lambda key: _switched(request, project, key),
        "pages": [name for name, pattern in ADDRESSES.items() if pattern in request.app[EXISTING]],
        "assets": request.app[FRONTEND].assets,
        "other_theme": "light" if _theme(request) == "dark" else "dark",
        "other_language": other,
        "other_language_words": "切换到中文" if other == "zh-CN" else "Switch to English",
    }


def address(project: str, name: str, **query: Any) -> str:
    """The address of the page `name` (a key of `ADDRESSES`); what the path does not take goes into the query."""
    pattern = ADDRESSES[name]
    path = pattern.format(project=project, **{key: value for key, value in query.items() if f"{{{key}}}" in pattern})
    rest = {key: value for key, value in query.items() if f"{{{key}}}" not in pattern and value not in (None, "")}
    return f"{path}?{urlencode(rest, doseq=True)}" if rest else path


def _switched(request: web.Request, project: Project | None, key: str) -> str:
    """The same kind of page in another project: the list where this one shows a single device."""
    if project is None:
        return address(key, "devices")
    rest = request.path.removeprefix(f"/p/{project.key}/").partition("/")[0]
    return f"/p/{key}/{rest}"


def _here(request: web.Request, changes: Mapping[str, Any]) -> str:
    """This page's address with parts of its query changed, or dropped by an empty value."""
    query = {key: value for key, value in request.query.items() if key not in QUERY_ONLY} | dict(changes)
    rest = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{request.path}?{urlencode(rest)}" if rest else request.path


def _theme(request: web.Request) -> str:
    wish = request.query.get("theme") or request.cookies.get(THEME_COOKIE, "")
    return wish if wish in THEMES else ""


def _remember(request: web.Request, response: web.Response) -> None:
    """Keep a language or theme chosen by `?lang=` or `?theme=` in a cookie."""
    for name, cookie, known in (("lang", LANGUAGE_COOKIE, TAGS), ("theme", THEME_COOKIE, (*THEMES, "auto"))):
        if request.query.get(name, "") in known:
            response.set_cookie(cookie, request.query[name], max_age=YEAR, path="/", samesite="Lax")
