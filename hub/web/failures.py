"""What people and programs are told when a request cannot be served."""

from __future__ import annotations

import logging
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.web.page import language_of, page

log = logging.getLogger(__name__)


@web.middleware
async def tell_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals and faults into a page or an RFC 9457 problem, each with an id that the log repeats."""
    number = secrets.token_hex(4)
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        usual = f"{refusal.status}: {refusal.reason}"
        return _answer(request, refusal.status, "" if refusal.text in (None, usual) else str(refusal.text), number)
    except ConnectionResetError:
        raise
    except Exception:
        log.exception("%s %s failed, request %s", request.method, request.path, number)
        return _answer(request, 500, "", number)


def _answer(request: web.Request, status: int, reason: str, number: str) -> web.Response:
    titles = {
        403: language_of(request).gettext("You may not see this."),
        404: language_of(request).gettext("There is no such page."),
        405: language_of(request).gettext("This address does not take such a request."),
        500: language_of(request).gettext("The hub made a mistake. The log says more under the number below."),
    }
    title = reason or titles.get(status) or language_of(request).gettext("The request cannot be served.")
    if "text/html" in request.headers.get("Accept", ""):
        response = page(request, "failure.html", status=status, title=title, number=number, code=status)
    else:
        problem = {"type": "about:blank", "status": status, "title": title, "instance": f"urn:kwhub:request:{number}"}
        response = web.json_response(problem, status=status, content_type="application/problem+json")
    response.headers["X-Request-Id"] = number
    return response
