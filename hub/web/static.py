"""Static files: kept for ever by browsers when the address names their content."""

from __future__ import annotations

from aiohttp import web

from hub.web.frontend import FRONTEND, FROZEN
from hub.web.route import Route

FOR_EVER = "public, max-age=31536000, immutable"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
"""Types that the system's table may lack or call otherwise; browsers refuse modules of any other type."""


async def static_file(request: web.Request) -> web.StreamResponse:
    """One file of `frontend/static`; only those that were there at start."""
    path = request.match_info["path"]
    asset = request.app[FRONTEND].assets.get(path)
    if asset is None:
        raise web.HTTPNotFound
    response = web.FileResponse(asset.file)
    named = path.startswith(FROZEN) or request.query.get("v") == asset.version
    response.headers["Cache-Control"] = FOR_EVER if named else "no-cache"
    if asset.file.suffix in TYPES:
        response.content_type = TYPES[asset.file.suffix]
    return response


ROUTES = (Route("GET", "/static/{path:.+}", static_file, "public:static"),)
