"""What a point of a profile is on the wire: type, place, order of words and bytes, scale."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hub.sdk import Confidence, Kind

READS = (1, 2, 3, 4)
"""Function codes that read: coils, discrete inputs, holding registers, input registers."""

WRITES = (5, 6, 15, 16)
"""Function codes that write. No other code can be sent: 0x0E of some meters presets their energy."""


class DataType(StrEnum):
    """How the registers of a point are to be read."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"
    BCD16 = "bcd16"
    BCD32 = "bcd32"
    ASCII = "ascii"

    @property
    def words(self) -> int:
        """Registers taken by one value; 1 for `ascii`, whose length the profile gives."""
        return int(self[-2:]) // 16 if self is not DataType.ASCII else 1

    @property
    def is_float(self) -> bool:
        """Whether the registers hold an IEEE 754 number."""
        return self in (DataType.F32, DataType.F64)

    @property
    def signed(self) -> bool:
        """Whether the registers hold an integer in two's complement."""
        return self in (DataType.S16, DataType.S32, DataType.S64)

    @property
    def rollover(self) -> int | None:
        """Raw count at which a counter of this type returns to zero; None when the type does not tell."""
        if self in (DataType.U16, DataType.U32, DataType.U64):
            return 1 << (16 * self.words)
        return 10 ** (4 * self.words) if self in (DataType.BCD16, DataType.BCD32) else None


class Ratio(StrEnum):
    """Which transformer ratio turns the meter's secondary value into the primary one."""

    NONE = "none"
    PT = "pt"
    CT = "ct"
    PTCT = "ptct"


@dataclass(frozen=True, slots=True)
class Ratios:
    """Voltage (PT) and current (CT) transformer ratios of one meter."""

    pt: Fraction = Fraction(1)
    ct: Fraction = Fraction(1)

    def factor(self, ratio: Ratio) -> Fraction:
        """What a value of that kind is multiplied by."""
        return {Ratio.NONE: Fraction(1), Ratio.PT: self.pt, Ratio.CT: self.ct, Ratio.PTCT: self.pt * self.ct}[ratio]

    def __str__(self) -> str:
        return f"PT {float(self.pt):g}, CT {float(self.ct):g}"


@dataclass(frozen=True, slots=True)
class Write:
    """How a point is written: function code, address, and the registers that mean on and off if it is a switch."""

    function: int
    address: int
    on: int | None = None
    off: int | None = None


@dataclass(frozen=True, slots=True)
class MappedPoint:
    """A point with its place in the register map of a meter.

    value = (raw * scale + offset) * ratio. `rollover` and `believable` (in the point's unit)
    stand as the profile gives them, before the ratio; `points.for_device` multiplies them by it.
    """

    key: str
    address: int
    type: DataType = DataType.U16
    words: int = 1
    function: int = 3
    bit: int | None = None
    byte: str | None = None
    word_order: str = "big"
    byte_order: str = "big"
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    invalid: tuple[int, ...] = ()
    unit: str = ""
    kind: Kind = Kind.MEASUREMENT
    ratio: Ratio = Ratio.NONE
    scan: str = "normal"
    deadband: float = 0.0
    deadband_percent: float = 0.0
    max_age: float = 900.0
    rollover: Fraction | None = None
    believable: tuple[float, float] | None = None
    confidence: Confidence = Confidence.ASSUMED
    source: str = ""
    write: Write | None = None
    line: int = 0

    @property
    def end(self) -> int:
        """The first address behind the point."""
        return self.address + self.words

    @property
    def is_text(self) -> bool:
        """Whether the point is a text rather than a number."""
        return self.type is DataType.ASCII
