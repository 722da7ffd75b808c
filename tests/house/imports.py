"""Who leans on whom: cycles of any kind, and what a plugin may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from house.tree import Source, Tree

Graph = Mapping[str, set[str]]


def cycles(tree: Tree) -> list[str]:
    """Modules that need each other, counting imports for type checkers and inside functions."""
    modules = {source.module for source in tree.product}
    graph = {source.module: _needs(source, modules) for source in tree.product}
    return [f"import cycle: {' <-> '.join(sorted(knot))}" for knot in _knots(graph)]


def plugin_imports(tree: Tree) -> list[str]:
    """Plugins that reach past `hub.sdk`, and tests of plugins that reach past `hub.sdk` and `hub.testing`."""
    tests = [source for source in tree.tests if source.name.startswith("integrations/")]
    faults = [_reaching(source, ("hub.sdk",)) for source in tree.plugins]
    faults += [_reaching(source, ("hub.sdk", "hub.testing")) for source in tests]
    return [fault for found in faults for fault in found]


def hub_imports(tree: Tree) -> list[str]:
    """Modules of the hub that import a plugin."""
    return [
        f"{source.name}:{line}: the hub imports plugin {name}"
        for source in tree.hub
        for name, line in _imported(source)
        if name.startswith("hub_")
    ]


def _reaching(source: Source, allowed: tuple[str, ...]) -> Iterator[str]:
    for name, line in _imported(source):
        if name.split(".")[0] == "hub" and not any(name == door or name.startswith(f"{door}.") for door in allowed):
            yield f"{source.name}:{line}: imports {name}, allowed: {', '.join(allowed)}"


def _imported(source: Source) -> Iterator[tuple[str, int]]:
    """Every module named in an import, and every name taken from one, as `module.name`."""
    for node in source.nodes(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(source, node)
            yield from ((f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def _origin(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = source.module.split(".")
    if not source.name.endswith("__init__.py"):
        package = package[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _needs(source: Source, modules: set[str]) -> set[str]:
    needed = set()
    for name, _ in _imported(source):
        owner = name if name in modules else name.rpartition(".")[0]
        if owner in modules and owner != source.module:
            needed.add(owner)
    return needed


def _knots(graph: Graph) -> list[set[str]]:
    """Strongly connected components of more than one module."""
    reach = {module: _reachable(graph, module) for module in graph}
    knots: list[set[str]] = []
    for module, others in reach.items():
        knot = {other for other in others if module in reach[other]}
        if len(knot) > 1 and knot not in knots:
            knots.append(knot)
    return knots


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead.extend(graph[module])
    return found
