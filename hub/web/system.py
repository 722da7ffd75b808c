"""System health: how the hub itself is doing, and what it has to say."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp
import duckdb
import numpy as np
import psutil
from aiohttp import web

from hub.web.navigation import ADDRESSES
from hub.web.page import page
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services, services_of
from hub.web.vitals import VITALS, Vital, Vitals

MIB = 1024 * 1024


async def health_page(request: web.Request) -> web.Response:
    """Rates, history, disk, memory, clock, versions, notices and the mistakes in the configuration."""
    services = services_of(request)
    configuration = services.configuration()
    data = configuration.settings.data
    used, left = await asyncio.to_thread(_disk, data)
    return page(
        request,
        "health.html",
        figures=_all(services, request.app[VITALS].read()),
        refused={reason: count for reason, count in services.core.refused.items() if count},
        history=services.history,
        notices=services.core.health.notices,
        errors=configuration.errors,
        host=configuration.settings.host,
        started=services.started,
        used=used,
        left=left,
        versions=_versions(services),
        stream={"page": "health"},
    )


def topics(vitals: Vitals) -> dict[str, Topic]:
    """The live figures of the page, read from `vitals`."""

    def figures(services: Services, _project: str, _query: Mapping[str, str]) -> Figures:
        return _all(services, vitals.read())

    return {"health": Topic("view:system", figures=figures)}


def _all(services: Services, vital: Vital) -> dict[str, float]:
    core, history = services.core, services.history
    return {
        "#received_rate": round(vital.received, 1),
        "#changes_rate": round(vital.changes, 1),
        "#received": core.state.received,
        "#changes": core.changes,
        "#repeated": core.state.repeated,
        "#late": core.state.late,
        "#refused": sum(core.refused.values()),
        "#entities": len(core.registry),
        "#stored": history.stored,
        "#pending": history.pending,
        "#shed": history.shed,
        "#memory": round(vital.memory / MIB, 1),
        "#processor": round(vital.processor * 100, 1),
        "#lag": round(vital.lag_ms, 1),
    }


def _disk(folder: Path) -> tuple[int, int]:
    """Bytes that `folder` holds, and bytes left on its disk; files may come and go meanwhile."""
    used = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            used += file.stat().st_size if file.is_file() else 0
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    return used, psutil.disk_usage(str(there)).free


def _versions(services: Services) -> list[tuple[str, str]]:
    return [
        ("kWHub", services.version),
        ("Python", platform.python_version()),
        ("aiohttp", aiohttp.__version__),
        ("DuckDB", duckdb.__version__),
        ("NumPy", np.__version__),
        (platform.system(), platform.release()),
    ]


ROUTES = (Route("GET", ADDRESSES["health"], health_page, "view:system"),)
