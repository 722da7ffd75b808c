"""Static files: kept for ever by browsers when the address names their content, texts sent compressed."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from aiohttp import web

from hub.web.frontend import FRONTEND, FROZEN, Asset
from hub.web.route import Route

FOR_EVER = "public, max-age=31536000, immutable"

TEXTS = {".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Types by suffix of what is worth compressing; the system's table calls some otherwise, and modules then fail."""

PACKED = web.AppKey("packed_files", dict[str, bytes])
"""Compressed files by path, each made when it is first asked for."""


async def static_file(request: web.Request) -> web.StreamResponse:
    """One file of `frontend/static`; only those that were there at start."""
    path = request.match_info["path"]
    asset = request.app[FRONTEND].assets.get(path)
    if asset is None:
        raise web.HTTPNotFound
    kind = TEXTS.get(asset.file.suffix)
    if kind is None:
        response: web.StreamResponse = web.FileResponse(asset.file)
    else:
        response = await _text(request, path, asset, kind)
    named = path.startswith(FROZEN) or request.query.get("v") == asset.version
    response.headers["Cache-Control"] = FOR_EVER if named else "no-cache"
    return response


async def _text(request: web.Request, path: str, asset: Asset, kind: str) -> web.Response:
    tags = request.if_none_match or ()
    if any(tag.value == asset.version for tag in tags):
        response = web.Response(status=304)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        packed = request.app[PACKED]
        if path not in packed:
            packed[path] = await asyncio.to_thread(_packed, asset.file)
        response = web.Response(body=packed[path], content_type=kind, headers={"Content-Encoding": "gzip"})
    else:
        response = web.Response(body=await asyncio.to_thread(asset.file.read_bytes), content_type=kind)
    response.etag = asset.version
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)


ROUTES = (Route("GET", "/static/{path:.+}", static_file, "public:static"),)
