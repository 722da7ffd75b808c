"""Values to registers and back by profile: for golden files, simulated meters, and whoever writes a register."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from hub_modbus.readout import Readout, as_registers, linear, text
from hub_modbus.registers import DataType, MappedPoint, Ratios

Image = dict[int, dict[int, int]]
"""Content of a meter: by function code that reads it (1 to 4), then by address."""

_PLAIN = Ratios()
_FLOATS = {DataType.F32: ">f", DataType.F64: ">d"}


def encode(point: MappedPoint, value: float | str, ratios: Ratios = _PLAIN) -> list[int]:
    """The registers that make `point` read `value`, rounded to the point's resolution; a bit or byte is in its place.

    Raises ValueError when the value does not fit the registers.
    """
    if isinstance(value, str):
        data = value.encode("ascii").ljust(2 * point.words, b"\0")
        if len(data) > 2 * point.words:
            raise ValueError(f"{point.key}: {value!r} is longer than {2 * point.words} characters")
    elif point.type in _FLOATS:
        times, plus = linear(point, ratios)
        data = struct.pack(_FLOATS[point.type], (value - float(plus)) / float(times))
    else:
        data = _integer(point, _raw(point, value, ratios))
    words = [int.from_bytes(data[i : i + 2], "little" if point.byte_order == "little" else "big")
             for i in range(0, len(data), 2)]  # fmt: skip
    return words[::-1] if point.word_order == "little" and not point.is_text else words


def image(points: Iterable[MappedPoint], values: Mapping[str, float | str], ratios: Ratios = _PLAIN) -> Image:
    """A meter's registers that make its points read `values`; points without a value are left out.

    Raises ValueError for a value that does not fit.
    """
    content: Image = {}
    for point in points:
        if point.key in values:
            place(content, point, values[point.key], ratios)
    return content


def place(content: Image, point: MappedPoint, value: float | str, ratios: Ratios = _PLAIN) -> None:
    """Write `value` into `content`; bits and bytes beside it in the same register stay."""
    table = content.setdefault(point.function, {})
    for offset, word in enumerate(encode(point, value, ratios)):
        address = point.address + offset
        table[address] = (table.get(address, 0) & ~_mask(point)) | word


def values(points: Iterable[MappedPoint], content: Image, ratios: Ratios = _PLAIN) -> dict[str, float | str]:
    """What `points` read from a meter's registers, by key; NaN where there is no value. Missing registers are 0."""
    found: dict[str, float | str] = {}
    for point in points:
        table = content.get(point.function, {})
        words = as_registers([table.get(address, 0) for address in range(point.address, point.end)])
        if point.is_text:
            found[point.key] = text(point, words, point.address)
        else:
            found[point.key] = float(Readout([point], point.address, ratios).values(words)[0])
    return found


def _raw(point: MappedPoint, value: float, ratios: Ratios) -> int:
    times, plus = linear(point, ratios)
    return round((value - float(plus)) * times.denominator / times.numerator)


def _integer(point: MappedPoint, raw: int) -> bytes:
    if point.type in (DataType.BCD16, DataType.BCD32):
        digits = 4 * point.words
        if not 0 <= raw < 10**digits:
            raise ValueError(f"{point.key}: {raw} does not fit {digits} BCD digits")
        return bytes.fromhex(f"{raw:0{digits}d}")
    if point.bit is not None or point.byte is not None:
        mask = _mask(point)
        shift = (mask & -mask).bit_length() - 1
        if not 0 <= raw <= mask >> shift:
            raise ValueError(f"{point.key}: {raw} does not fit its {'bit' if point.bit is not None else 'byte'}")
        return (raw << shift).to_bytes(2, "big")
    try:
        return raw.to_bytes(2 * point.words, "big", signed=point.type.signed)
    except OverflowError:
        raise ValueError(f"{point.key}: raw value {raw} does not fit type {point.type}") from None


def _mask(point: MappedPoint) -> int:
    if point.bit is not None:
        return 1 << point.bit
    if point.byte is not None:
        return 0xFF00 if point.byte == "high" else 0x00FF
    return 0xFFFF
