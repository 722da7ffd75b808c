"""One device on a line: what is due, what it answered, whether it is silent, what it refuses."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hub.sdk import Config, Context, Device, Fault
from hub_modbus.backoff import Attempts
from hub_modbus.columns import Columns, device_points
from hub_modbus.frames import Refused, RequestFailed
from hub_modbus.link import Patience
from hub_modbus.plan import Block
from hub_modbus.planner import Learned, Planner
from hub_modbus.plausible import doubts
from hub_modbus.ports import Settings
from hub_modbus.profile import Profile
from hub_modbus.ratio import RatioReader
from hub_modbus.readout import Registers
from hub_modbus.refusal import Step, answered, halves
from hub_modbus.registers import Ratios
from hub_modbus.rota import Rota

RATIO = "transformer ratios"
"""The scan class in which PT and CT are read."""

_EVER = float("inf")
_LOOK_AGAIN = 10.0
_RATIO_RETRY = 60.0


@dataclass(slots=True, eq=False)
class Job:
    """Requests to one device that belong together, to be sent before the monotonic time `deadline` if possible."""

    deadline: float
    station: Station
    classes: tuple[str, ...]
    steps: deque[Step] = field(default_factory=deque)
    probe: bool = False


class Station:
    """A configured device, as its line sees it."""

    def __init__(self, context: Context, config: Config, profile: Profile, planner: Planner, settings: Settings):
        self.unit: int = config["unit_id"]
        self.profile = profile
        self.patience = Patience.of(profile.modbus, settings)
        self.attempts = Attempts()
        self.writable: tuple[str, ...] = tuple(config["write"])
        self.ratios: Ratios | None = None if profile.ratio.registers else profile.ratio.fixed
        self._context = context
        self._config = config
        self._planner = planner
        self._reader = RatioReader(profile.ratio)
        self._learned = self._fresh()
        self._looked_at = float("-inf")
        self.device, self.columns = self._declare(self.ratios or Ratios())
        now = time.monotonic()
        self.rota = Rota(self._periods(), now, now - context.clock.now_ms() / 1000)

    @property
    def key(self) -> str:
        """The device's key."""
        return self.device.key

    def plan_ahead(self) -> None:
        """Work out the plan for the start, when everything is due; a large meter takes a while."""
        self._planner.bundles(self.profile, self._learned, [name for name in self.rota.due(_EVER) if name != RATIO])

    def jobs(self, now: float) -> list[Job]:
        """What is due at `now`, taken off the rota."""
        if self.ratios is None and self.rota.begun(RATIO):
            return []
        due = self.rota.due(now)
        if RATIO not in due:
            return self._poll_jobs(due)
        due.remove(RATIO)
        first = self._ratio_job(now)
        return [first] if self.ratios is None else [first, *self._poll_jobs(due)]

    def probe(self, now: float) -> Job:
        """The cheapest request there is, to see whether a silent device is back."""
        classes = [name for name in self.rota.periods if name != RATIO]
        bundles = self._planner.bundles(self.profile, Learned(), classes)
        blocks = [block for bundle in bundles for block in bundle.blocks]
        step = Step(min(blocks, key=lambda block: (block.function in (1, 2), block.count)))
        return Job(now, self, (), deque([step]), probe=True)

    def answered(self, job: Job, step: Step, registers: Registers, milliseconds: float) -> None:
        """Take the reply to a request."""
        self._alive(milliseconds)
        if RATIO in job.classes:
            self._reader.take(step.block, registers)
            return
        if job.probe:
            return
        self._learned = answered(step, self._learned)
        self.columns.take(step.block, registers)

    def refused(self, job: Job, step: Step, error: Refused, milliseconds: float) -> None:
        """An exception reply: halve the request to find its cause, or give up the one register that is left."""
        self._alive(milliseconds)
        self.device.health.faults[Fault.REFUSED] = self.device.health.faults.get(Fault.REFUSED, 0) + 1
        self.device.health.reason = f"{step.block.words}: {error}"
        if RATIO in job.classes:
            self._reader.failed = f"{step.block.words}: {error}"
        elif not job.probe and error.code in (1, 2, 3):
            parts = halves(step.block)
            job.steps.extendleft(reversed(parts))
            if not parts:
                self._give_up(step.block, error)

    def failed(self, error: RequestFailed, now: float) -> bool:
        """Count a request without a value; True when the device became silent with it."""
        health = self.device.health
        fault = Fault.TIMEOUT if isinstance(error, Refused) else error.fault
        health.fail(self._context.clock.now_ms(), fault, str(error))
        if self.attempts.failed(now):
            self.device.lost(str(error))
            self._context.log.warning("%s (unit %d) is silent: %s", self.key, self.unit, error)
            return True
        return False

    def finished(self, job: Job, now: float) -> None:
        """All requests of a job are through."""
        if job.probe:
            return
        self.rota.done(job.classes, now)
        if RATIO in job.classes:
            self._take_ratios(now)
        elif now - self._looked_at >= _LOOK_AGAIN:
            self._looked_at = now
            self._doubt()

    def answers_late(self, seconds: float) -> None:
        """Tell that the device answers, but after its time-out."""
        self.device.health.warnings["late"] = (
            f"answered {seconds * 1000:.0f} ms after the request, but its time-out is "
            f"{self.patience.reply * 1000:.0f} ms: raise modbus.timeout_ms of the device"
        )

    def _alive(self, milliseconds: float) -> None:
        self.device.health.answer(self._context.clock.now_ms(), milliseconds)
        if self.attempts.answered():
            self._context.log.info("%s (unit %d) answers again", self.key, self.unit)
            self._learned = self._fresh()
            self.rota.all_due(time.monotonic())

    def _poll_jobs(self, due: list[str]) -> list[Job]:
        bundles = self._planner.bundles(self.profile, self._learned, due) if due else []
        jobs = [
            Job(self.rota.begin(bundle.classes), self, bundle.classes, deque(map(Step, bundle.blocks)))
            for bundle in bundles
        ]
        covered = {name for bundle in bundles for name in bundle.classes}
        self.rota.done([name for name in due if name not in covered], time.monotonic())
        return jobs

    def _ratio_job(self, now: float) -> Job:
        self.rota.begin([RATIO])
        self._reader.begin()
        blocks = self._planner.plan(self.profile, Learned(), self._reader.points)
        return Job(now, self, (RATIO,), deque(map(Step, blocks)))

    def _take_ratios(self, now: float) -> None:
        ratios, trouble = self._reader.result()
        warnings = self.device.health.warnings
        if ratios is None:
            warnings["ratio"] = f"PT and CT cannot be read ({trouble}): give ratio: {{pt: ..., ct: ...}} for the device"
            self.rota.put_off([RATIO], now + _RATIO_RETRY)
            return
        if self.ratios is not None and ratios != self.ratios:
            warnings["ratio"] = f"the meter's ratio changed from {self.ratios} to {ratios}; applied from now on"
            self._context.log.warning("%s: %s", self.key, warnings["ratio"])
        elif self.ratios is None:
            warnings.pop("ratio", None)
        if ratios != self.ratios:
            self.ratios = ratios
            self._learned = replace(self._learned, primary_only=False)
            self.device, self.columns = self._declare(ratios)
            self.rota.all_due(now, but=RATIO)

    def _give_up(self, block: Block, error: Refused) -> None:
        gone, known = {point.key for point in block.points}, self._learned
        closed = (*known.closed, (block.address, block.address + block.count))
        self._learned = replace(known, refused=known.refused | gone, closed=closed)
        self.columns.invalid(block.points)
        for point in block.points:
            self.device.health.warnings[point.key] = f"register 0x{point.address:X} {error}; no longer asked for"
        self._context.log.warning("%s: %s: %s; no longer asked for", self.key, block.words, error)

    def _doubt(self) -> None:
        found = doubts(self.columns.known(), self.profile.points.values(), self.ratios or Ratios(), self.profile.name)
        warnings = self.device.health.warnings
        told = {name for name in warnings if name.startswith("plausible: ")}
        for name in told - {f"plausible: {check}" for check in found}:
            del warnings[name]
        for check, words in found.items():
            if f"plausible: {check}" not in told:
                faults = self.device.health.faults
                faults[Fault.IMPLAUSIBLE] = faults.get(Fault.IMPLAUSIBLE, 0) + 1
            warnings[f"plausible: {check}"] = words

    def _fresh(self) -> Learned:
        return Learned(primary_only=self.ratios is None)

    def _periods(self) -> Mapping[str, float]:
        used = {point.scan for point in self.profile.points.values()}
        periods = {name: seconds for name, seconds in self.profile.scan.items() if name in used}
        return periods | ({RATIO: float(self._config["cache_ratio_s"])} if self.profile.ratio.registers else {})

    def _declare(self, ratios: Ratios) -> tuple[Device, Columns]:
        given, profile = self._config, self.profile
        device = self._context.add_device(
            given["device"],
            device_points(profile, ratios, self.writable),
            name=given["name"],
            area=given["area"],
            medium=given.get("medium", profile.medium),
            manufacturer=profile.manufacturer,
            model=profile.model,
            profile=given["profile"],
            address=f"unit {self.unit}",
        )
        return device, Columns(self._context, device, profile, ratios)
