"""Who is on this line: every address asked once, politely, at each speed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from hub.sdk import LinkHealth
from hub_modbus.examine import likely_profile
from hub_modbus.frames import Garbled, NoAnswer, Request, RequestFailed
from hub_modbus.link import Link, Patience
from hub_modbus.ports import Settings
from hub_modbus.profile import Profile

_ASKED = (3, 4)


@dataclass(frozen=True, slots=True)
class Step:
    """One address asked at one setting of the line; `milliseconds` is 0 for silence, `answer` says what came."""

    settings: Settings
    unit: int
    milliseconds: float = 0.0
    answer: str = ""
    profile: str = ""


async def scan(
    lines: list[Settings], units: list[int], patience: Patience, profiles: Mapping[str, Profile]
) -> AsyncIterator[Step]:
    """Ask each unit at each setting for register 0; a `Step` for each, with the likely profile of those that answer.

    A unit found at one setting is not asked at the next. An exception reply is an answer: somebody is there.
    Raises LinkError when the line cannot be opened.
    """
    missing = list(units)
    for settings in lines:
        async with Link(settings, LinkHealth(str(settings))) as link:
            for unit in list(missing):
                step = await _ask(link, unit, patience, profiles)
                if step.answer and not step.answer.startswith("noise"):
                    missing.remove(unit)
                yield step


async def _ask(link: Link, unit: int, patience: Patience, profiles: Mapping[str, Profile]) -> Step:
    for function in _ASKED:
        began = time.monotonic()
        try:
            await link.ask(Request(unit, function, 0), patience)
            answer = f"function {function}"
        except NoAnswer:
            return Step(link.settings, unit)
        except Garbled:
            return Step(link.settings, unit, answer="noise: wrong baud rate or parity?")
        except RequestFailed as error:
            answer = f"function {function} {error}"
        milliseconds = (time.monotonic() - began) * 1000
        if "illegal function" not in answer:
            break
    likely = await likely_profile(link, unit, profiles) if profiles else ""
    return Step(link.settings, unit, milliseconds, answer, likely)
