"""Answers that may still come: how to ask a device that owes one, so that no answer is taken for another.

RTU and ASCII replies carry no number, but a device answers in the order it was asked, and a reply shows its function
and length. So before a device is asked again for something of the same function and length as an answer it still owes,
it is asked for something shorter. When that is answered, whatever was overdue is past.
"""

from __future__ import annotations

from dataclasses import replace

from hub_modbus.frames import NoAnswer, Request
from hub_modbus.registers import READS

_FORGOTTEN = 30.0
"""Seconds after which an answer no longer comes."""

_TWINS = {1: 2, 2: 1, 3: 4, 4: 3}

_Shape = tuple[int, int]


class Overdue:
    """Shapes (function, length) of the answers that each unit owes, and since when; pure bookkeeping."""

    def __init__(self) -> None:
        self._owed: dict[int, dict[_Shape, float]] = {}

    def add(self, request: Request, now: float) -> None:
        """`request` was not answered in time, or not legibly. An overdue echo of a write cannot be mistaken."""
        if request.function in READS:
            self._owed.setdefault(request.unit, {})[_shape(request)] = now

    def settled(self, unit: int) -> None:
        """`unit` answered the last thing it was asked: everything before that is past."""
        self._owed.pop(unit, None)

    def first(self, request: Request, now: float) -> Request | None:
        """What to ask before `request` so that its answer cannot be an overdue one; None when there is no need.

        One of fewer registers from the same address, or the same with the twin function. Raises NoAnswer when the unit
        owes an answer to each of them already: then only waiting helps.
        """
        owed = self._owed.get(request.unit, {})
        for shape in [shape for shape, since in owed.items() if now - since > _FORGOTTEN]:
            del owed[shape]
        if _shape(request) not in owed:
            return None
        shorter = (replace(request, count=count) for count in range(1, request.count))
        for other in (*shorter, replace(request, function=_TWINS[request.function])):
            if _shape(other) not in owed:
                return other
        raise NoAnswer(f"owes {len(owed)} answers; it is left alone until they have come")


def _shape(request: Request) -> _Shape:
    return request.function, request.reply_bytes
