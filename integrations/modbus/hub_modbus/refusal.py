"""A refused request taken apart: which register is missing, what may not be read over, how long is too long.

Halving keeps the neighbours waiting no longer than any other request: the halves queue up like everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hub_modbus.plan import Block, Span
from hub_modbus.planner import Learned
from hub_modbus.registers import MappedPoint


@dataclass(slots=True, eq=False)
class Seam:
    """Where a refused request was cut. If both halves are answered, the fault lies in the cut itself."""

    gap: Span
    longest: int
    answered: int = 0


@dataclass(slots=True, eq=False)
class Step:
    """A request to send; `seam` when it is half of a refused one."""

    block: Block
    seam: Seam | None = field(default=None)


def halves(block: Block) -> list[Step]:
    """The two halves of a refused request, cut between points that share no register; empty for a single place."""
    atoms = _atoms(block)
    if len(atoms) < 2:
        return []
    middle = len(atoms) // 2
    left, right = _block(block, atoms[:middle]), _block(block, atoms[middle:])
    seam = Seam((left.address + left.count, right.address), max(left.count, right.count))
    return [Step(left, seam), Step(right, seam)]


def answered(step: Step, learned: Learned) -> Learned:
    """What an answered half adds to what is known: nothing, until its other half is answered too."""
    if step.seam is None:
        return learned
    step.seam.answered += 1
    if step.seam.answered < 2:
        return learned
    start, end = step.seam.gap
    if end > start:
        return replace(learned, closed=(*learned.closed, step.seam.gap))
    if step.block.function in (1, 2):
        return learned
    return replace(learned, max_read=min(learned.max_read, step.seam.longest))


def _atoms(block: Block) -> list[list[MappedPoint]]:
    atoms: list[list[MappedPoint]] = []
    end = -1
    for point in block.points:
        if point.address < end:
            atoms[-1].append(point)
        else:
            atoms.append([point])
        end = max(end, point.end)
    return atoms


def _block(whole: Block, atoms: list[list[MappedPoint]]) -> Block:
    points = tuple(point for atom in atoms for point in atom)
    start, end = points[0].address, max(point.end for point in points)
    return Block(whole.function, start, end - start, points)
