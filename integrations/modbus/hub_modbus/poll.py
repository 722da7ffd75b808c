"""The coroutine of an entry: polls every device on one line for as long as the line lasts."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Coroutine, Sequence
from itertools import count
from typing import Any

from hub.sdk import Config, Context, LinkError
from hub_modbus.backoff import Budget
from hub_modbus.config import device_profiles, line_settings
from hub_modbus.frames import Refused, Request, RequestFailed
from hub_modbus.link import Link
from hub_modbus.orders import serve
from hub_modbus.planner import Planner
from hub_modbus.station import Job, Station

_REST = 0.2
_PROBE_REST = 1.0


async def run(context: Context, config: Config) -> None:
    """Poll the devices of `config`. Ends only with LinkError, or when cancelled."""
    settings = line_settings(config)
    health = context.add_link("line", str(settings))
    planner = Planner(settings.wire)
    profiles = await asyncio.to_thread(lambda: list(device_profiles(config, context.profiles)))
    stations = []
    for device, profile in zip(config["devices"], profiles, strict=True):
        stations.append(Station(context, device, profile, planner, settings))
        await asyncio.to_thread(stations[-1].plan_ahead)
    async with Link(settings, health) as link:
        poller = Poller(link, stations)
        orders = [serve(context, link, station) for station in stations if station.writable]
        await _together(poller.run(), link.lost(), *orders)


class Poller:
    """Brings the requests of all stations onto the line, the most urgent first."""

    def __init__(self, link: Link, stations: Sequence[Station]) -> None:
        self._link = link
        self._stations = stations
        self._by_unit = {station.unit: station for station in stations}
        self._budget = Budget()
        self._jobs: list[tuple[float, int, Job]] = []
        self._count = count()
        self._served: set[int] = set()
        self._round = 0.0
        goals = [min(station.rota.periods.values()) for station in stations if station.rota.periods]
        link.health.cycle_goal_seconds = min(goals, default=0.0)

    async def run(self) -> None:
        """Poll for ever. Raises LinkError when the line is gone."""
        while True:
            now = time.monotonic()
            self._gather(now)
            if not self._jobs:
                await asyncio.sleep(max(0.0, self._next(now) - now))
                continue
            _, number, job = heapq.heappop(self._jobs)
            if await self._step(job):
                heapq.heappush(self._jobs, (job.deadline, number, job))

    def _gather(self, now: float) -> None:
        """Queue what has come due, and a probe of a silent device if the line can spare it."""
        for station in self._stations:
            if not station.attempts.silent and station.rota.next() <= now:
                for job in station.jobs(now):
                    self._push(job)
        if (silent := self._probe_due(now)) is not None and not any(job.probe for _, _, job in self._jobs):
            self._push(silent.probe(now))

    def _push(self, job: Job) -> None:
        heapq.heappush(self._jobs, (job.deadline, next(self._count), job))

    async def _step(self, job: Job) -> bool:
        """Send the next request of a job; whether it has more."""
        station = job.station
        step = job.steps.popleft()
        block = step.block
        began = time.monotonic()
        request = Request(station.unit, block.function, block.address, block.count)
        was_silent = station.attempts.silent
        if was_silent and not job.probe:
            return False
        if (held := self._link.held_until(station.unit)) > began:
            station.rota.put_off(job.classes, held)
            return False
        try:
            registers = await self._link.ask(request, station.patience)
        except RequestFailed as error:
            if isinstance(error, Refused) and error.code not in (10, 11):
                station.refused(job, step, error, (time.monotonic() - began) * 1000)
            else:
                self._failed(job, error, began)
                return False
        else:
            station.answered(job, step, registers, (time.monotonic() - began) * 1000)
        now = time.monotonic()
        if was_silent:
            self._budget.recovered(now)
        self._note(station, now - began)
        if job.steps:
            return True
        station.finished(job, now)
        return False

    def _failed(self, job: Job, error: RequestFailed, began: float) -> None:
        station, now = job.station, time.monotonic()
        station.failed(error, now)
        if station.attempts.silent:
            self._budget.spent(now, max(self._link.quiet_until, now) - began)
        station.rota.put_off(job.classes, max(self._link.held_until(station.unit), now + _REST))
        self._note(station, now - began)

    def _note(self, station: Station, seconds: float) -> None:
        """Keep the cycle time: the line's time until each living device was asked once more."""
        for unit in list(self._link.late):
            late = self._link.late.pop(unit)
            if unit in self._by_unit:
                self._by_unit[unit].answers_late(late)
        self._round += seconds
        self._served.add(station.unit)
        if all(station.unit in self._served for station in self._stations if not station.attempts.silent):
            self._link.health.cycle_seconds = self._round
            self._served.clear()
            self._round = 0.0

    def _probe_due(self, now: float) -> Station | None:
        silent = [station for station in self._stations if station.attempts.silent]
        if not silent or not (len(silent) == len(self._stations) or self._budget.ready(now)):
            return None
        station = min(silent, key=lambda station: station.attempts.asked_at)
        return station if self._probe_at(station) <= now else None

    def _probe_at(self, station: Station) -> float:
        return max(station.attempts.asked_at + _PROBE_REST, self._link.held_until(station.unit))

    def _next(self, now: float) -> float:
        """When to look again."""
        due = min(
            self._probe_at(station) if station.attempts.silent else station.rota.next() for station in self._stations
        )
        due = min(due, now + 1.0)
        return due if due > now else now + 0.01


async def _together(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run until one of them fails; the others are cancelled, and its error comes out as it is."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    raise LinkError("the poll ended")
