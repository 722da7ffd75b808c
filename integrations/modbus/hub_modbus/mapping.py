"""One line under `points:` made into a `MappedPoint`, with every check that needs more than one key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hub.sdk import KEY, Confidence, Kind
from hub_modbus.registers import DataType, MappedPoint, Ratio, Write


def exact(value: float) -> Fraction:
    """The decimal number as it is written: 0.1 is one tenth, not the nearest binary fraction."""
    return Fraction(Decimal(repr(value)))


def mapped_point(key: str, fields: Mapping[str, Any], defaults: Mapping[str, Any], line: int = 0) -> MappedPoint:
    """The point `key` out of checked fields, with the meter's `defaults` for function and orders.

    Raises ValueError saying what does not fit together.
    """
    _check(key, fields, defaults)
    given = {**defaults, **fields}
    kind = _kind(given)
    absolute, percent = _deadband(given.get("deadband", 0.0))
    believable = given.get("believable")
    invalid = given.get("invalid", [])
    return MappedPoint(
        key,
        given["address"],
        type=(data_type := DataType(given.get("type", "u16"))),
        words=given["count"] if data_type is DataType.ASCII else data_type.words,
        function=given["function"],
        bit=given.get("bit"),
        byte=given.get("byte"),
        word_order=given["word_order"],
        byte_order=given["byte_order"],
        scale=exact(given.get("scale", 1)),
        offset=exact(given.get("offset", 0)),
        invalid=tuple(invalid if isinstance(invalid, list) else [invalid]),
        unit=given.get("unit", ""),
        kind=kind,
        ratio=Ratio(given.get("ratio", "none")),
        scan=given.get("scan", "normal"),
        deadband=absolute,
        deadband_percent=percent,
        max_age=float(given.get("max_age", 900.0)),
        rollover=_rollover(given, kind, data_type),
        believable=(float(believable[0]), float(believable[1])) if believable else None,
        confidence=Confidence(given.get("confidence", "assumed")),
        source=given.get("source", ""),
        write=Write(**given["write"]) if given.get("write") else None,
        line=line,
    )


def _check(key: str, fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    if not KEY.fullmatch(key):
        raise ValueError("expected lower snake case, such as voltage_l1")
    if "address" not in fields:
        raise ValueError("has no address, and no profile that this one extends gives it one")
    data_type = DataType(fields.get("type", "u16"))
    is_bit = fields.get("function", defaults["function"]) in (1, 2)
    if is_bit and any(name in fields for name in ("type", "bit", "byte", "scale")):
        raise ValueError("functions 1 and 2 read single bits: type, bit, byte and scale do not apply")
    if "bit" in fields and "byte" in fields:
        raise ValueError("is one bit or one byte, not both")
    if ("bit" in fields or "byte" in fields) and data_type is not DataType.U16:
        raise ValueError(f"takes a bit or byte out of one register: expected type u16, found {data_type}")
    if data_type is DataType.ASCII and "count" not in fields:
        raise ValueError("type ascii needs count, the number of registers")
    if data_type is not DataType.ASCII and "count" in fields:
        raise ValueError(f"count belongs to type ascii; {data_type} always takes {data_type.words}")
    if fields.get("scale") == 0:
        raise ValueError("scale 0 would make every value 0")
    words = 1 if is_bit else fields.get("count", data_type.words)
    if fields["address"] + words > 65536:
        raise ValueError(f"ends behind the last register: address 0x{fields['address']:X}, {words} registers")
    _check_counter(fields, data_type)
    _check_write(fields)


def _check_counter(fields: Mapping[str, Any], data_type: DataType) -> None:
    if "width" in fields and "rollover" in fields:
        raise ValueError("rolls over at 2^width raw counts or at rollover, not both")
    if ("width" in fields or "rollover" in fields) and fields.get("kind") != Kind.COUNTER:
        raise ValueError("width and rollover belong to kind: counter")
    if "width" in fields and (data_type.is_float or fields["width"] > 16 * data_type.words):
        raise ValueError(f"width {fields['width']} does not fit type {data_type}")


def _check_write(fields: Mapping[str, Any]) -> None:
    write = fields.get("write")
    if not write:
        return
    if ("on" in write) != ("off" in write):
        raise ValueError("write needs on and off together, or neither")
    if write["function"] in (6, 16) and "bit" in fields and "on" not in write:
        raise ValueError("a bit written by function 6 or 16 needs the registers that mean on and off")


def _kind(fields: Mapping[str, Any]) -> Kind:
    if "kind" in fields:
        return Kind(fields["kind"])
    if fields.get("type") == DataType.ASCII:
        return Kind.TEXT
    return Kind.STATUS if "bit" in fields or fields["function"] in (1, 2) else Kind.MEASUREMENT


def _rollover(fields: Mapping[str, Any], kind: Kind, data_type: DataType) -> Fraction | None:
    if kind is not Kind.COUNTER:
        return None
    if "rollover" in fields:
        return exact(fields["rollover"])
    raw = 1 << fields["width"] if "width" in fields else data_type.rollover
    return None if raw is None else raw * exact(fields.get("scale", 1)) + exact(fields.get("offset", 0))


def _deadband(value: float | str) -> tuple[float, float]:
    return (0.0, float(value.removesuffix("%"))) if isinstance(value, str) else (float(value), 0.0)
