"""Columns for charts: numbers as JSON, answered with an ETag so that an unchanged chart costs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from math import isfinite

import msgspec
from aiohttp import web

from hub.core.batch import Values

_json = msgspec.json.Encoder().encode


def as_json(values: Values | Iterable[float], digits: int = 4) -> list[float | None]:
    """Values for JSON, rounded to `digits` decimals; None where nothing is known."""
    numbers: Iterable[float] = values.tolist() if hasattr(values, "tolist") else values
    return [round(value, digits) if isfinite(value) else None for value in numbers]


def answer(request: web.Request, data: Mapping[str, object]) -> web.Response:
    """`data` as JSON with an ETag; 304 without a body when the browser has it already."""
    body = _json(data)
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)
