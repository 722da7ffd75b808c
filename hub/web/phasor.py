"""Phasors of a three-phase feeder: angles, unbalance, and the geometry of their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import acos, atan2, cos, degrees, isfinite, pi, radians, sin, sqrt

RIM = 100.0
"""Radius of the longest voltage in the picture; its view box is 240 wide."""

_CURRENT_RIM = 68.0
_STAR = (0.0, -120.0, 120.0)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One phasor as drawn: its tip and the place of its name, x to the right and y down, in view-box units."""

    name: str
    phase: int
    current: bool
    x: float
    y: float
    label_x: float
    label_y: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Phasors:
    """The arrows to draw, and whether their angles were measured (`meter`) or worked out (`computed`)."""

    arrows: list[Arrow]
    source: str


def current_lag(active: float, reactive: float, power_factor: float) -> float:
    """Degrees by which a phase's current lags its voltage; negative leads, beyond 90 feeds back.

    Taken from P and Q where both are known, else from the power factor (lagging, as the sign of Q is unknown).
    NaN when neither tells.
    """
    if isfinite(active) and isfinite(reactive) and (active or reactive):
        return degrees(atan2(reactive, active))
    if isfinite(power_factor) and power_factor and abs(power_factor) <= 1.0005:
        return degrees(acos(max(-1.0, min(1.0, power_factor))))
    return float("nan")


def star_angles(line: Sequence[float]) -> tuple[list[float], list[float]]:
    """Phase voltages (magnitudes, degrees) of a feeder known only by its line voltages U12, U23, U31.

    The neutral is taken at the centroid of the voltage triangle: no zero sequence. NaNs when the three sides make no
    triangle. The first phase lies at 0°.
    """
    u12, u23, u31 = line
    if not all(isfinite(side) and side > 0 for side in line) or u12 + u31 <= u23 or abs(u12 - u31) >= u23:
        return [float("nan")] * 3, list(_STAR)
    angle = acos(max(-1.0, min(1.0, (u12**2 + u31**2 - u23**2) / (2 * u12 * u31))))
    corners = [0j, complex(-u12, 0), complex(-u31 * cos(angle), u31 * sin(angle))]
    centre = sum(corners) / 3
    stars = [corner - centre for corner in corners]
    turn = atan2(stars[0].imag, stars[0].real)
    angles = [_wrapped(degrees(atan2(star.imag, star.real) - turn)) for star in stars]
    if angles[1] > 0:
        angles = [angles[0], -angles[1], -angles[2]]
    return [abs(star) for star in stars], angles


def voltage_unbalance(line: Sequence[float]) -> float:
    """Negative over positive sequence in percent, from three line voltages (GB/T 15543, IEC 61000-4-30, 5.7.1).

    NaN when a voltage is missing or the three make no triangle.
    """
    squares = [side * side for side in line]
    total = sum(squares)
    if not isfinite(total) or total <= 0:
        return float("nan")
    root = 3 - 6 * sum(square * square for square in squares) / (total * total)
    if root < 0:
        return float("nan")
    return 100 * sqrt(max(0.0, (1 - sqrt(root)) / (1 + sqrt(root))))


def greatest_deviation(values: Sequence[float]) -> float:
    """The greatest deviation from the mean, in percent of the mean; NaN when a value is missing or the mean is zero."""
    mean = sum(values) / len(values) if values else float("nan")
    if not isfinite(mean) or mean == 0:
        return float("nan")
    return 100 * max(abs(value - mean) for value in values) / abs(mean)


def sides(magnitudes: Sequence[float], angles: Sequence[float] = _STAR) -> list[float]:
    """Line voltages U12, U23, U31 of three phase voltages at the given angles (degrees)."""
    tips = [complex(u * cos(radians(a)), u * sin(radians(a))) for u, a in zip(magnitudes, angles, strict=True)]
    return [abs(tips[0] - tips[1]), abs(tips[1] - tips[2]), abs(tips[2] - tips[0])]


def phasors(
    voltages: Sequence[float],
    currents: Sequence[float],
    lags: Sequence[float],
    names: Sequence[str],
    angles: Sequence[float] = _STAR,
    *,
    measured: bool = False,
) -> Phasors:
    """The picture of up to three phases: voltages to the rim, currents to a smaller one, each to scale among its own.

    `lags` are degrees from each voltage to its current, `names` the phases' letters, `angles` those of the voltages. A
    phase with a NaN or zero magnitude or a NaN angle is left out; 0° points up and angles fall clockwise.
    """
    arrows = _arrows("U", voltages, angles, names, RIM)
    arrows += _arrows("I", currents, [a - lag for a, lag in zip(angles, lags, strict=True)], names, _CURRENT_RIM)
    return Phasors(arrows, "meter" if measured else "computed")


def _arrows(
    letter: str, magnitudes: Sequence[float], angles: Sequence[float], names: Sequence[str], rim: float
) -> list[Arrow]:
    longest = max((value for value in magnitudes if isfinite(value)), default=0.0)
    found = []
    for phase, (size, angle, name) in enumerate(zip(magnitudes, angles, names, strict=True)):
        if not (isfinite(size) and isfinite(angle)) or size <= 0:
            continue
        length = rim * size / longest
        x, y = -sin(radians(angle)), -cos(radians(angle))
        place = length + 11
        found.append(
            Arrow(
                f"{letter}{name}",
                phase,
                letter == "I",
                round(x * length, 1),
                round(y * length, 1),
                round(x * place, 1),
                round(y * place, 1),
                round(_wrapped(angle), 1),
            )
        )
    return found


def _wrapped(angle: float) -> float:
    """`angle` as -180 < angle <= 180."""
    return 180 - (180 - angle) % 360


def rotation_is_reversed(angles: Sequence[float]) -> bool:
    """Whether measured voltage angles run L1, L3, L2: two conductors are swapped."""
    second = radians(angles[1] - angles[0]) % (2 * pi)
    third = radians(angles[2] - angles[0]) % (2 * pi)
    return second < third
