"""The tree of a project's areas, with the meters that stand in each and below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.config import Area, Project
from hub.core.model import label


@dataclass(slots=True)
class Node:
    """An area with those below it; counts include the areas below."""

    area: Area
    meters: int = 0
    silent: int = 0
    below: list[Node] = field(default_factory=list)


def tree(project: Project, meters: Iterable[tuple[str, bool]]) -> list[Node]:
    """Areas that stand in no other, each with those below it; `meters` are (area, silent) of each meter.

    An area is shown although it has no meter: the plant is as it is, metered or not.
    """
    nodes = {key: Node(area) for key, area in project.areas.items()}
    roots: list[Node] = []
    for key, node in nodes.items():
        parent = nodes.get(project.areas[key].parent)
        (parent.below if parent is not None else roots).append(node)
    for area, silent in meters:
        for key in lineage(project, area):
            nodes[key].meters += 1
            nodes[key].silent += silent
    return roots


def lineage(project: Project, area: str) -> list[str]:
    """`area` and the areas it stands in, the innermost first; empty for an area the project does not have."""
    found: list[str] = []
    while area in project.areas and area not in found:
        found.append(area)
        area = project.areas[area].parent
    return found


def within(project: Project, area: str, outer: str) -> bool:
    """Whether `area` is `outer` or stands in it."""
    return outer in lineage(project, area)


def area_name(project: Project, area: str, language: str) -> str:
    """The name of an area, empty for one the project does not have."""
    return (label(project.areas[area].name, language) or area) if area in project.areas else ""
