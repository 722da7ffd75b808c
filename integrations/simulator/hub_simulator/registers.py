"""A meter's registers: values encoded into words at the moment somebody asks for them."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction

from hub_simulator.counters import Count
from hub_simulator.profile import Field, MeterProfile

Reading = float | Count | str | None
Source = Callable[[], Reading]

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

_LIMITS: dict[str, tuple[int, int]] = {
    "u16": (0, 0xFFFF),
    "s16": (-0x8000, 0x7FFF),
    "u32": (0, 2**32 - 1),
    "s32": (-(2**31), 2**31 - 1),
}
_LIMITS |= {"u64": (0, 2**64 - 1), "s64": (-(2**63), 2**63 - 1)}


class Refused(Exception):
    """The meter answers with this Modbus exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class Registers:
    """The tables of one meter: `sources` gives the present value of each point, `ratios` its PT and CT."""

    def __init__(
        self, profile: MeterProfile, sources: dict[str, Source], pt: Fraction = Fraction(1), ct: Fraction = Fraction(1)
    ) -> None:
        self.profile = profile
        self._ratio = {"none": Fraction(1), "pt": pt, "ct": ct, "ptct": pt * ct}
        self._sources = sources
        self.missing = sorted(each.key for each in profile.fields if each.key not in sources)
        self._fields = sorted(
            (each for each in profile.fields if each.key in sources), key=lambda f: (f.table, f.address)
        )
        self._places = [(each.table, each.address) for each in self._fields]
        self._longest = max((each.words for each in self._fields), default=1)

    def read(self, table: int, address: int, count: int) -> list[int]:
        """`count` words (or bits, of tables 1 and 2) from `address`. Raises Refused as the meter would."""
        limit = self.profile.max_read if table >= 3 else 2000
        if not 1 <= count <= limit:
            raise Refused(ILLEGAL_VALUE)
        if address + count > 0x10000 or any(
            first < address + count and last >= address for first, last in self.profile.forbidden
        ):
            raise Refused(ILLEGAL_ADDRESS)
        words: list[int | None] = [None] * count
        for field in self._between(table, address, count):
            self._place(field, words, address)
        if not self.profile.holes and None in words:
            raise Refused(ILLEGAL_ADDRESS)
        return [word or 0 for word in words]

    def written(self, function: int, address: int) -> Field:
        """The point that a write with `function` (5 or 6) at `address` means. Raises Refused when there is none."""
        for field in self._fields:
            if field.write and field.write[1] == address and field.write[0] in {function, function + 10}:
                return field
        raise Refused(ILLEGAL_ADDRESS)

    def place(self, point: str) -> int:
        """The first register of a point. Raises KeyError."""
        return self._field(point).address

    def resolution(self, point: str) -> float:
        """The smallest step of a point, in its unit; 0 for one kept as a float. Raises KeyError."""
        field = self._field(point)
        return 0.0 if field.type in {"f32", "f64"} else float(field.scale * self._ratio[field.ratio])

    def _field(self, point: str) -> Field:
        for field in self._fields:
            if field.key == point:
                return field
        raise KeyError(point)

    def _between(self, table: int, address: int, count: int) -> list[Field]:
        first = bisect_left(self._places, (table, address - self._longest + 1))
        last = bisect_left(self._places, (table, address + count))
        return self._fields[first:last]

    def _place(self, field: Field, words: list[int | None], address: int) -> None:
        for offset, word in enumerate(self.encoded(field)):
            place = field.address + offset - address
            if 0 <= place < len(words):
                partial = field.bit is not None or field.byte
                words[place] = (words[place] or 0) | word if partial else word

    def encoded(self, field: Field) -> list[int]:
        """The words of one point now."""
        value = self._sources[field.key]()
        if field.type == "ascii":
            return _text(str(value or ""), field.words)
        if value is None or isinstance(value, str):
            return [0] * field.words
        if field.bit is not None:
            return [(1 if value else 0) << field.bit] if field.table >= 3 else [1 if value else 0]
        if field.type in {"f32", "f64"}:
            return _ordered(_float(self._scaled(field, value), field.type), field)
        raw = self._raw(field, value)
        if field.byte:
            return [(raw & 0xFF) << (8 if field.byte == "high" else 0)]
        if field.type.startswith("bcd"):
            raw = int(str(raw % 10 ** (4 * field.words)), 16)
        return _ordered((raw % (1 << 16 * field.words)).to_bytes(2 * field.words, "big"), field)

    def _scaled(self, field: Field, value: float | Count) -> float:
        number = value.value if isinstance(value, Count) else value
        return (number / float(self._ratio[field.ratio]) - float(field.offset)) / float(field.scale)

    def _raw(self, field: Field, value: float | Count) -> int:
        if isinstance(value, Count):
            return self._counted(field, value)
        low, high = _LIMITS[field.type] if field.type in _LIMITS else (0, int(10 ** (4 * field.words)) - 1)
        raw = round(self._scaled(field, value))
        return min(max(raw, low), high)

    def _counted(self, field: Field, value: Count) -> int:
        """Whole counts only: what has been metered but not yet counted waits in the meter."""
        unit = value.per_unit * field.scale * self._ratio[field.ratio]
        counts = value.amount * unit.denominator // unit.numerator
        if field.rollover is not None:
            counts %= int(field.rollover / field.scale)
        return counts % (field.modulus or 1 << 16 * field.words)


def _float(value: float, kind: str) -> bytes:
    return struct.pack(">f" if kind == "f32" else ">d", value)


def _ordered(data: bytes, field: Field) -> list[int]:
    words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    if field.byte_order == "little":
        words = [(word >> 8) | (word & 0xFF) << 8 for word in words]
    return words[::-1] if field.word_order == "little" else words


def _text(text: str, words: int) -> list[int]:
    data = text.encode("ascii", "replace")[: 2 * words].ljust(2 * words, b"\0")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
