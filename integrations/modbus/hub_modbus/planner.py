"""Plans shared by all devices of one model on one line: which due scan classes go together, in which requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hub_modbus.plan import Block, Ground, Span, plan
from hub_modbus.profile import Profile
from hub_modbus.registers import MappedPoint
from hub_modbus.wire import Wire

_WORTH_JOINING = 0.75
"""A second class joins the first when that costs at most this share of asking for it alone."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a meter turned out not to do: points it refuses, stretches not to be read over, a shorter longest read."""

    refused: frozenset[str] = frozenset()
    closed: tuple[Span, ...] = ()
    max_read: int = 125
    primary_only: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """Scan classes that are read together, and the requests for that."""

    classes: tuple[str, ...]
    blocks: tuple[Block, ...]


class Planner:
    """Plans by profile, what was learned, and the classes due; each is worked out once."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._bundles: dict[tuple[int, Learned, tuple[str, ...]], list[Bundle]] = {}

    def bundles(self, profile: Profile, learned: Learned, due: Sequence[str]) -> list[Bundle]:
        """How the classes `due` (the fastest first) are read: apart, unless together is much cheaper."""
        key = (id(profile), learned, tuple(due))
        if key not in self._bundles:
            self._bundles[key] = self._join(profile, learned, due)
        return self._bundles[key]

    def seconds(self, profile: Profile, blocks: Iterable[Block]) -> float:
        """What `blocks` cost on the line."""
        turnaround = profile.modbus.turnaround_ms / 1000
        return sum(self.wire.read(block.function, block.count, turnaround) for block in blocks)

    def plan(self, profile: Profile, learned: Learned, points: Iterable[MappedPoint]) -> list[Block]:
        """The requests for `points` of a meter about which something was learned."""
        manners = replace(profile.modbus, max_read=min(profile.modbus.max_read, learned.max_read))
        ground = Ground(manners, tuple(profile.points.values()), learned.closed)
        return plan(points, ground, self.wire)

    def _join(self, profile: Profile, learned: Learned, due: Sequence[str]) -> list[Bundle]:
        bundles: list[Bundle] = []
        for name in due:
            alone = self._plan_classes(profile, learned, (name,))
            if not alone:
                continue
            worth = _WORTH_JOINING * self.seconds(profile, alone)
            grown = [self._grown(profile, learned, bundle, name) for bundle in bundles]
            extra = [
                self.seconds(profile, new.blocks) - self.seconds(profile, old.blocks)
                for old, new in zip(bundles, grown, strict=True)
            ]
            if extra and min(extra) <= worth:
                home = extra.index(min(extra))
                bundles[home] = grown[home]
            else:
                bundles.append(Bundle((name,), tuple(alone)))
        return bundles

    def _grown(self, profile: Profile, learned: Learned, bundle: Bundle, name: str) -> Bundle:
        classes = (*bundle.classes, name)
        return Bundle(classes, tuple(self._plan_classes(profile, learned, classes)))

    def _plan_classes(self, profile: Profile, learned: Learned, classes: Sequence[str]) -> list[Block]:
        points = [
            point
            for point in profile.points.values()
            if point.scan in classes
            and point.key not in learned.refused
            and not (learned.primary_only and point.ratio != "none")
        ]
        return self.plan(profile, learned, points)
