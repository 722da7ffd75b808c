"""Transformer ratios out of the meter's own registers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from hub_modbus.mapping import exact
from hub_modbus.plan import Block
from hub_modbus.profile import RatioRule
from hub_modbus.readout import Readout, Registers
from hub_modbus.registers import MappedPoint, Ratios


class RatioReader:
    """Collects the registers that hold PT and CT, and makes ratios of them."""

    def __init__(self, rule: RatioRule) -> None:
        self._rule = rule
        self._read: dict[str, float] = {}
        self.failed = ""
        self.points: list[MappedPoint] = []
        for register in rule.registers.values():
            self.points.append(register.value)
            if register.divided_by is not None:
                self.points.append(register.divided_by)

    def begin(self) -> None:
        """Forget the last reading."""
        self._read.clear()
        self.failed = ""

    def take(self, block: Block, registers: Registers) -> None:
        """Note the reply to a request made of `points`."""
        values = Readout(block.points, block.address, Ratios()).values(registers)
        self._read |= {point.key: float(value) for point, value in zip(block.points, values, strict=True)}

    def result(self) -> tuple[Ratios | None, str]:
        """The ratios; None, and the reason in words, when a register was refused or holds no possible ratio."""
        return (None, self.failed) if self.failed else self.of(self._read)

    def of(self, read: Mapping[str, float | str]) -> tuple[Ratios | None, str]:
        """The ratios that the values `read` from `points`, by key, amount to; None and the reason when to none."""
        fixed = self._rule.fixed
        found = {"pt": fixed.pt, "ct": fixed.ct}
        for name in self._rule.registers:
            primary, secondary = float(read.get(name, 0.0)), float(read.get(f"{name}_secondary", 1.0))
            if not (primary > 0 and secondary > 0):
                return None, f"{name} reads {primary:g}" + (f" / {secondary:g}" if secondary != 1 else "")
            found[name] = Fraction(exact(primary), exact(secondary))
        return Ratios(**found), ""
