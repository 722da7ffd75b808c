"""Every check of the house finds the fault it is there for, and is quiet about the same tree without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from house import documents, files, imports, layers, plugins, sizes, wording
from house.tree import Tree
from test_house import CHECKS, Check

HOOK = "def hub_cards(project):\n    ...\n"
RECORD = (
    "Status: accepted\nDate: 2026-11-22\n\n## Context\n\n## Decision\n\n## Consequences\n\n## What else was tried\n"
)
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "hub-acme"
version = "1"
description = "Meters"
license = "Apache-2.0"

[project.entry-points.kwhub]
acme = "hub_acme"
"""
SOUND = {
    "pyproject.toml": '[project]\nname = "kwhub"\n[project.scripts]\nkwhub = "hub.cli:main"\n'
    '[tool.importlinter]\nroot_packages = ["hub"]\ninclude_external_packages = true\n'
    '[[tool.importlinter.contracts]]\nname = "layers"\ntype = "layers"\nlayers = ["hub.cli", "hub.core"]\n',
    "Makefile": "run:\n\techo run\n",
    "CHANGELOG.md": "## 0.1.0\n",
    "README.md": "Say `make run`, then read [the changelog](CHANGELOG.md).\n\n```python\nprint(1)\n```\n",
    "hub/__init__.py": '__version__ = "0.1.0"\n',
    "hub/cli.py": "import hub.core.model\n\nKNOWN = {}\n",
    "hub/hookspecs.py": HOOK,
    "hub/core/__init__.py": "",
    "hub/core/model.py": "try:\n    pass\nexcept ValueError:\n    pass\n",
    "frontend/page.html": "<p>text</p>\n",
    "docs/reference/hooks.md": "## hub_cards(project)\n",
    "docs/decisions/0001-first.md": RECORD,
    "integrations/acme/pyproject.toml": PROJECT,
    "integrations/acme/README.md": "Sources and limits.\n",
    "integrations/acme/hub_acme/__init__.py": "from hub.sdk import hookimpl\n\ndef hub_cards(project):\n    pass\n",
    "integrations/acme/hub_acme/py.typed": "",
    "integrations/acme/hub_acme/profiles/pm5.yaml": "model: PM5\n",
    "integrations/acme/tests/test_acme.py": "import hub.testing\n\ndef test_hub_cards_come_out(): assert True\n",
    "integrations/acme/tests/golden/pm5.yaml": "registers: {}\n",
}
LONG = "\n    x = 1" * 60

FAULTS: list[tuple[Check, dict[str, str | None], str]] = [
    (sizes.long_files, {"hub/long.py": "x = 1\n" * 401}, "hub/long.py: 401 lines"),
    (sizes.long_functions, {"hub/long.py": f"def much():{LONG}\n"}, "hub/long.py:1 much: 61 lines"),
    (sizes.long_classes, {"hub/long.py": f"class Much:{LONG * 5}\n"}, "Much: 301 lines"),
    (sizes.high_medians, {"hub/hookspecs.py": f"def much():{LONG}\n" * 9}, "median function"),
    (sizes.crowded_top_level, {f"file_{number}": "" for number in range(14)}, "entries, at most 14"),
    (imports.cycles, {"hub/core/model.py": "def f():\n    from hub import cli\n"}, "hub.cli <-> hub.core.model"),
    (
        imports.cycles,
        {"hub/core/model.py": "if TYPE_CHECKING:\n    from .. import cli\n"},
        "hub.cli <-> hub.core.model",
    ),
    (
        imports.plugin_imports,
        {"integrations/acme/hub_acme/poll.py": "from hub.core import bus\n"},
        "imports hub.core.bus",
    ),
    (imports.plugin_imports, {"integrations/acme/hub_acme/poll.py": "import hub.testing\n"}, "imports hub.testing"),
    (imports.plugin_imports, {"integrations/acme/tests/test_acme.py": "import hub.plugins\n"}, "imports hub.plugins"),
    (imports.hub_imports, {"hub/app.py": "from hub_acme import x\n"}, "imports plugin hub_acme"),
    (layers.arrows, {"hub/core/model.py": "import hub.cli\n"}, "hub.core is not allowed to import hub.cli"),
    (wording.broad_catches, {"hub/app.py": "try:\n    f()\nexcept:\n    pass\n"}, "hub/app.py:3"),
    (wording.broad_catches, {"hub/app.py": "try:\n    f()\nexcept (OSError, Exception):\n    pass\n"}, "hub/app.py:3"),
    (wording.broad_catches, {"hub/app.py": "with contextlib.suppress(Exception):\n    f()\n"}, "hub/app.py:1"),
    (wording.foreign_words, {"hub/app.py": "# polls a Modbus meter\n"}, "the hub knows no 'Modbus'"),
    (wording.markup, {"hub/app.py": 'PAGE = "<div class=x>"\n'}, "<div class=x>"),
    (wording.forbidden_names, {"hub/utils.py": ""}, "a module called utils"),
    (wording.forbidden_names, {"hub/app.py": "class EntryManager: pass\n"}, "EntryManager says nothing"),
    (wording.forbidden_names, {"hub/app.py": "def async_start(): pass\n"}, "async_start says nothing"),
    (wording.shared_state, {"hub/app.py": "cache = {}\n"}, "module-level state: cache"),
    (wording.shared_state, {"hub/app.py": "def f():\n    global count\n"}, "global count"),
    (wording.mocks, {"tests/test_app.py": "peer = Magic" + "Mock()\n"}, "1 mocks"),
    (wording.skipped_tests, {"tests/test_app.py": "pytest." + "skip('no server')\n"}, "no server"),
    (plugins.shapes, {"integrations/acme/README.md": None}, "README.md is missing"),
    (plugins.shapes, {"integrations/acme/README.md": "Sources.\n"}, "says nothing of limits"),
    (plugins.shapes, {"integrations/acme/tests/test_acme.py": None}, "no test"),
    (plugins.shapes, {"integrations/acme/setup.cfg": "x"}, "setup.cfg does not belong here"),
    (plugins.shapes, {"integrations/acme/hub_acme/py.typed": None}, "py.typed is missing"),
    (plugins.shapes, {"integrations/acme/pyproject.toml": PROJECT.replace("hub-acme", "acme")}, "expected 'hub-acme'"),
    (plugins.shapes, {"integrations/acme/pyproject.toml": PROJECT.replace("acme =", "other =")}, "entry points are"),
    (plugins.shapes, {"integrations/acme/pyproject.toml": PROJECT + "#\n" * 20}, "lines, at most 20"),
    (plugins.shapes, {"integrations/acme/pyproject.toml": PROJECT + "[tool.hatch]\n"}, "settings of tools"),
    (plugins.shapes, {"integrations/acme/pyproject.toml": PROJECT.replace('license = "Apache-2.0"\n', "")}, "license"),
    (plugins.shapes, {"integrations/acme/pyproject.toml": PROJECT.replace(".build", ".other")}, "not built by"),
    (plugins.shapes, {"integrations/AcmePlus/README.md": "sources, limits\n"}, "lower snake case"),
    (plugins.golden_files, {"integrations/acme/tests/golden/pm5.yaml": None}, "no golden file mentions pm5"),
    (documents.hooks, {"hub/hookspecs.py": "def hub_cards(other): ...\n"}, "no heading '## hub_cards(other)'"),
    (documents.hooks, {"integrations/acme/tests/test_acme.py": ""}, "hub_cards: no test mentions it"),
    (documents.hooks, {"integrations/acme/hub_acme/__init__.py": ""}, "hub_cards: no plugin here uses it"),
    (documents.decisions, {"docs/decisions/0003-third.md": RECORD}, "expected number 0002"),
    (documents.decisions, {"docs/decisions/0001-first.md": "x\n"}, "no line 'Status: accepted'"),
    (documents.decisions, {"docs/decisions/0001-first.md": RECORD.replace("2026", "26")}, "Date: YYYY-MM-DD"),
    (documents.decisions, {"docs/decisions/0001-first.md": RECORD.replace("Context", "Why")}, "headings are"),
    (documents.decisions, {"docs/decisions/0001-first.md": None}, "no record"),
    (documents.changelog, {"hub/__init__.py": '__version__ = "0.2.0"\n'}, "no '## 0.2.0'"),
    (documents.dead_links, {"README.md": "[page](docs/gone.md)\n"}, "docs/gone.md does not exist"),
    (documents.python_examples, {"README.md": "```python\nif:\n```\n"}, "README.md:1"),
    (documents.make_targets, {"README.md": "Say `make magic`.\n"}, "make magic: no such target"),
    (documents.entry_scripts, {"hub/cli.py": None}, "hub.cli:main does not exist"),
    (files.machine_paths, {"docs/notes.md": "see /" + "work/main/x\n"}, "a path of one machine"),
    (files.registries, {"docs/notes.md": "from py" + "pi.org\n"}, "a registry host"),
    (files.endings, {"docs/notes.md": "no end"}, "no newline at the end"),
    (files.endings, {"docs/notes.md": "\ufffd\n"}, "not UTF-8"),
    (files.endings, {"docs/notes.md": "one\r\ntwo\n"}, "carriage returns"),
    (files.endings, {"docs/notes.md": "<" * 7 + " ours\n"}, "a merge conflict"),
    (files.python_in_frontend, {"frontend/build.py": ""}, "no Python in frontend/"),
]


def grow(root: Path, changes: dict[str, str | None]) -> Tree:
    """The sound tree with `changes`: other contents, or None for a file left out."""
    for name, text in {**SOUND, **changes}.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")
    return Tree(root)


@pytest.mark.parametrize(("check", "changes", "words"), FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_seeded_fault_is_found_and_named(
    check: Check, changes: dict[str, str | None], words: str, tmp_path: Path
) -> None:
    faults = check(grow(tmp_path, changes))
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sound_tree_has_no_fault(check: Check, tmp_path: Path) -> None:
    assert check(grow(tmp_path, {})) == []


def test_every_check_has_a_seeded_fault() -> None:
    assert {check for check, _, _ in FAULTS} == set(CHECKS)
