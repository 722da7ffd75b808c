"""What every answer carries, and which requests are not listened to."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.web.services import services_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'"
)

HEADERS = {
    "Server": "kWHub",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a Host that is not ours: a page of another name must not reach the hub through the reader's browser."""
    if not knows_host(request.headers.get("Host", ""), services_of(request).configuration().settings.host):
        return web.Response(status=421, text="This is not the host you asked for.\n")
    return await handler(request)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Security headers on every answer, prepared ones such as streams and files too."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


def knows_host(header: str, configured: str) -> bool:
    """Whether a Host header names this machine's loopback or the configured host; the port does not matter."""
    name = header.rpartition(":")[0] if not header.endswith("]") and ":" in header else header
    return name.strip("[]").lower() in LOCAL | {configured.lower()}
