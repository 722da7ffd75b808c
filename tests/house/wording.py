"""What may stand in a source: catches, names, words, mocks, state."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from house.tree import Source, Tree

MAY_CATCH_ALL = ("hub/supervisor.py", "hub/plugins.py", "hub/web/failures.py")
MOCKS_PER_1000 = 2
FOREIGN = re.compile(
    r"sfere|modbus|pyserial|dl/?t ?645|iec ?10[134]\b|iec60870\b|s3100|\bpd19|\bdts\d|eastron|schneider|siemens",
    re.IGNORECASE,
)
FORBIDDEN_NAME = re.compile(r"Manager|Helper|^async_|^(utils?|helpers?|common|base|misc)$")
MARKUP = re.compile(r"</?(html|body|div|span|p|a|ul|li|table|tr|td|th|form|input|button|svg|script|style)(\s[^<>]*)?>")
MOCK = re.compile(r"\b(Magic|Async|Property)?Mock\(|\bmock\.\w|\bmocker\.|\bpatch(\.\w+)?\(|\bmonkeypatch\.setattr\(")
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = {"list", "dict", "set", "defaultdict", "deque", "bytearray", "OrderedDict", "Counter"}


def broad_catches(tree: Tree) -> list[str]:
    """`except Exception`, broader, or suppressed so, outside the three places that must survive anything.

    A handler that ends by handing the exception on catches nothing.
    """
    return [
        f"{source.name}:{line}: catches everything; only {', '.join(MAY_CATCH_ALL)} may"
        for source in tree.product
        if source.name not in MAY_CATCH_ALL
        for line in _broad(source)
    ]


def foreign_words(tree: Tree) -> list[str]:
    """Makers and field protocols named inside the hub."""
    return [
        f"{source.name}:{number}: the hub knows no {match[0]!r}"
        for source in tree.hub
        for number, line in enumerate(source.text.splitlines(), 1)
        if (match := FOREIGN.search(line))
    ]


def markup(tree: Tree) -> list[str]:
    """HTML inside Python: it belongs into frontend/templates."""
    return [
        f"{source.name}:{node.lineno}: markup in Python: {match[0]}"
        for source in tree.product
        for node in _strings(source)
        if (match := MARKUP.search(str(node.value)))
    ]


def forbidden_names(tree: Tree) -> list[str]:
    """Names that say nothing, on modules, classes, functions."""
    found = [
        f"{source.name}: a module called {part}"
        for source in tree.product
        for part in source.module.split(".")
        if FORBIDDEN_NAME.search(part)
    ]
    for source in tree.product:
        for node in source.nodes(ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef):
            assert isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            if FORBIDDEN_NAME.search(node.name):
                found.append(f"{source.name}:{node.lineno}: {node.name} says nothing")
    return found


def shared_state(tree: Tree) -> list[str]:
    """Variables of a module that change while it runs: `global` statements, and containers that are no constants."""
    return [
        f"{source.name}:{line}: module-level state: {what}"
        for source in tree.product
        for line, what in [*_globals(source), *_containers(source)]
    ]


def mocks(tree: Tree) -> list[str]:
    """More stand-ins than the bar; real peers are to be preferred."""
    lines = sum(source.lines for source in tree.tests)
    places = [
        f"{source.name}:{number}"
        for source in tree.tests
        for number, line in enumerate(source.text.splitlines(), 1)
        if MOCK.search(line)
    ]
    if len(places) * 1000 <= MOCKS_PER_1000 * lines:
        return []
    return [f"{len(places)} mocks in {lines} lines of tests, at most {MOCKS_PER_1000} in 1,000: {' '.join(places)}"]


def skipped_tests(tree: Tree) -> list[str]:
    """Tests that step aside: a missing server is a failure, not a skip."""
    skip = re.compile(r"pytest\." + r"(skip|importorskip)\(|mark\." + r"(skip|skipif|xfail)\b")
    return [
        f"{source.name}:{number}: {line.strip()}"
        for source in tree.tests
        for number, line in enumerate(source.text.splitlines(), 1)
        if skip.search(line)
    ]


def _strings(source: Source) -> Iterator[ast.Constant]:
    """String constants that are no docstrings."""
    told = {id(node.value) for node in source.nodes(ast.Expr) if isinstance(node, ast.Expr)}
    for node in source.nodes(ast.Constant):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node


def _broad(source: Source) -> Iterator[int]:
    for node in source.nodes(ast.ExceptHandler, ast.Call):
        if isinstance(node, ast.ExceptHandler):
            if (node.type is None or _names_everything(node.type)) and not _hands_on(node):
                yield node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            yield from (node.lineno for argument in node.args if _names_everything(argument))


def _hands_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _names_everything(caught: ast.expr) -> bool:
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(ast.unparse(part).split(".")[-1] in {"Exception", "BaseException"} for part in parts)


def _globals(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes(ast.Global):
        if isinstance(node, ast.Global):
            yield node.lineno, f"global {', '.join(node.names)}"


def _containers(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.syntax.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if _mutable(node.value) and any(name != name.upper() and not name.startswith("__") for name in names):
            yield node.lineno, ", ".join(names)


def _mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).split(".")[-1] in MUTABLE_CALLS
    return isinstance(value, MUTABLE)
