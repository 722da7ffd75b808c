"""Which meters answer: from what their integration says of them, else from how topical their readings are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hub.core.core import Core
from hub.core.model import DeviceInfo
from hub.core.quality import Quality
from hub.core.state import NEVER


class Answer(StrEnum):
    """How a meter stands: it answers, it is silent, or nothing has been heard of it since the hub started."""

    ANSWERING = "answering"
    SILENT = "silent"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Standing:
    """A meter's answer, why it is silent in words, and the time of its newest reading (ms UTC, 0 for none)."""

    answer: Answer
    reason: str
    read_at: int


def standing(core: Core, info: DeviceInfo) -> Standing:
    """How one meter stands."""
    rows = core.registry.rows(core.registry.entities(info.id).values())
    times, quality = core.state.at[rows], core.state.quality[rows]
    topical = (quality & np.uint8(Quality.NOT_TOPICAL)) == 0
    newest = int(times.max(initial=NEVER))
    read_at = newest if newest != NEVER else 0
    health = core.health.device(info.project, info.key)
    if health is not None and health.silent:
        return Standing(Answer.SILENT, health.reason, health.answered_at or read_at)
    if topical.any():
        return Standing(Answer.ANSWERING, "", int(times[topical].max()))
    reason = health.reason if health is not None else ""
    return Standing(Answer.SILENT if read_at else Answer.WAITING, reason, read_at)


def counts(standings: Iterable[Standing]) -> dict[Answer, int]:
    """How many meters answer, are silent, wait."""
    found = dict.fromkeys(Answer, 0)
    for one in standings:
        found[one.answer] += 1
    return found
