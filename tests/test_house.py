"""The bars of the house, held over this very repository."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from house import documents, files, imports, layers, plugins, sizes, wording
from house.tree import Tree

Check = Callable[[Tree], list[str]]

CHECKS: list[Check] = [
    sizes.long_files,
    sizes.long_functions,
    sizes.long_classes,
    sizes.high_medians,
    sizes.crowded_top_level,
    imports.cycles,
    imports.plugin_imports,
    imports.hub_imports,
    layers.arrows,
    wording.broad_catches,
    wording.foreign_words,
    wording.markup,
    wording.forbidden_names,
    wording.shared_state,
    wording.mocks,
    wording.skipped_tests,
    plugins.shapes,
    plugins.golden_files,
    documents.hooks,
    documents.decisions,
    documents.changelog,
    documents.dead_links,
    documents.python_examples,
    documents.make_targets,
    documents.entry_scripts,
    files.machine_paths,
    files.registries,
    files.endings,
    files.python_in_frontend,
]


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_holds(check: Check, tree: Tree) -> None:
    faults = check(tree)
    assert not faults, f"{(check.__doc__ or '').strip()}\n" + "\n".join(faults)


def test_the_house_has_something_to_check(tree: Tree) -> None:
    assert len(tree.hub) > 20
    assert len(tree.plugins) > 5
    assert len(tree.tests) > 20
