"""How long files, functions and classes may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from statistics import median

from house.tree import Source, Tree

FILE, FILE_MEDIAN = 400, 150
FUNCTION, FUNCTION_MEDIAN = 50, 10
CLASS = 250
TOP_LEVEL = 14


def long_files(tree: Tree) -> list[str]:
    """Files beyond the bar."""
    return [f"{file.name}: {file.lines} lines, at most {FILE}" for file in tree.product if file.lines > FILE]


def long_functions(tree: Tree) -> list[str]:
    """Functions beyond the bar."""
    return [
        f"{place}: {lines} lines, at most {FUNCTION}"
        for place, lines in _measured(tree, ast.FunctionDef, ast.AsyncFunctionDef)
        if lines > FUNCTION
    ]


def long_classes(tree: Tree) -> list[str]:
    """Classes beyond the bar."""
    return [
        f"{place}: {lines} lines, at most {CLASS}" for place, lines in _measured(tree, ast.ClassDef) if lines > CLASS
    ]


def high_medians(tree: Tree) -> list[str]:
    """Medians over the whole product beyond the bar; empty files are not counted."""
    files = median([file.lines for file in tree.product if file.lines] or [0])
    functions = median([lines for _, lines in _measured(tree, ast.FunctionDef, ast.AsyncFunctionDef)] or [0])
    found = (("file", files, FILE_MEDIAN), ("function", functions, FUNCTION_MEDIAN))
    return [f"median {what}: {size:g} lines, at most {bar}" for what, size, bar in found if size > bar]


def crowded_top_level(tree: Tree) -> list[str]:
    """More visible entries at the top of the repository than one glance takes in."""
    entries = {tree.name(path).split("/")[0] for path in tree.kept}
    visible = sorted(entry for entry in entries if not entry.startswith("."))
    return [f"{len(visible)} entries, at most {TOP_LEVEL}: {' '.join(visible)}"] if len(visible) > TOP_LEVEL else []


def _measured(tree: Tree, *kinds: type[ast.AST]) -> Iterator[tuple[str, int]]:
    for source in tree.product:
        for node in source.nodes(*kinds):
            yield _place(source, node), _lines(node)


def _place(source: Source, node: ast.AST) -> str:
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return f"{source.name}:{node.lineno} {node.name}"


def _lines(node: ast.AST) -> int:
    assert isinstance(node, ast.stmt)
    return (node.end_lineno or node.lineno) - node.lineno + 1
