"""A process killed while it writes leaves whole transactions only."""

from __future__ import annotations

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select

from hub.core.registry import Registry
from hub.store import Store, tables

Reopened = Callable[[], Awaitable[Store]]

SAVES_WITHOUT_END = """
import asyncio, sys
from hub.core.model import DeviceInfo, Point
from hub.core.registry import Registry
from hub.store import Store

async def main():
    store = await Store.open(sys.argv[1])
    registry = Registry()
    await store.load_registry(registry)
    first = len(registry) // 200
    points = [Point(f"point_{n}") for n in range(100)]
    for n in range(first, first + 1000):
        for twin in ("a", "b"):
            registry.add_device(DeviceInfo("demo", f"meter_{n}_{twin}"), points)
        registry.code(f"text {n}")
        unsaved = registry.unsaved()
        await store.save_registry(unsaved)
        registry.saved(unsaved)
        print(n, flush=True)

asyncio.run(main())
"""

STOPS_HALF_WAY = """
import asyncio, sys
from sqlalchemy import insert
from hub.store import Store, tables

async def main():
    store = await Store.open(sys.argv[1])
    async with store.write() as connection:
        await connection.execute(insert(tables.projects), [{"project": "half", "tenant": "default"}])
        await connection.execute(
            insert(tables.texts),
            [{"code": n, "tenant": "default", "project": "", "text": "x" * 1000} for n in range(20_000)],
        )
        print("half way", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_of_saves_killed_at_random_moments_each_is_there_whole_or_not_at_all(
    url: str, reopened: Reopened
) -> None:
    acknowledged = -1
    for _ in range(4):
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", SAVES_WITHOUT_END, url, stdout=PIPE)
        assert child.stdout
        acknowledged = int(await child.stdout.readline())
        await asyncio.sleep(random.uniform(0.0, 0.3))
        child.kill()
        for line in (await child.stdout.read()).split():
            acknowledged = int(line)
        await child.wait()
        await whole_saves(await reopened(), acknowledged)


@pytest.mark.slow
async def test_a_transaction_killed_half_way_leaves_nothing(store: Store, url: str) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", STOPS_HALF_WAY, url, stdout=PIPE)
    assert child.stdout
    assert await child.stdout.readline() == b"half way\n"
    child.kill()
    await child.wait()
    async with store.write() as connection:
        for table in (tables.projects, tables.texts):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0, table.name


async def whole_saves(store: Store, acknowledged: int) -> None:
    registry = Registry()
    await store.load_registry(registry)
    saves, rest = divmod(len(registry), 200)
    assert rest == 0
    assert saves >= acknowledged + 1
    assert registry.text(saves - 1) == f"text {saves - 1}"
    assert registry.text(saves) == ""
