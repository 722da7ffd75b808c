"""Write the lock files: every dependency of the hub and its plugins, pinned and hashed, no index named.

`requirements-uv.lock` is the installer, `requirements.lock` is what `make run` installs, `requirements-dev.lock` what
`make test` adds. Run by `make lock`; with `--upgrade`, the newest versions within the declared ranges are taken,
otherwise pins stay where they still fit.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = ROOT / ".ci/requirements.lock"
UV = ROOT / ".ci/requirements-uv.lock"
DEV = ROOT / ".ci/requirements-dev.lock"
OURS = re.compile(r"(kwhub|hub-[a-z0-9-]+)\b")
EXTRAS = ("postgres", "speed")
EDITABLE = "editables>=0.5"  # hatchling asks for it when it installs a checkout in place
HEADER = "# {what}\n# Written by `make lock`; installed with pip --require-hashes. Do not edit.\n"


def project(file: Path) -> dict[str, object]:
    """The whole pyproject.toml."""
    return tomllib.loads(file.read_text("utf-8"))


def runtime_requirements() -> list[str]:
    """What the hub (with the extras a plant wants), its plugins and their build need, without our own packages."""
    needed = {EDITABLE}
    for file in [ROOT / "pyproject.toml", *sorted(ROOT.glob("integrations/*/pyproject.toml"))]:
        content: dict = project(file)  # type: ignore[type-arg]
        needed |= set(content["build-system"]["requires"])
        needed |= set(content["project"].get("dependencies", []))
        for extra, requirements in content["project"].get("optional-dependencies", {}).items():
            if extra in EXTRAS:
                needed |= set(requirements)
    return sorted(requirement for requirement in needed if not OURS.match(requirement))


def dev_requirements() -> list[str]:
    """What tests, lint and builds need beside the runtime."""
    groups: dict = project(ROOT / "pyproject.toml")["dependency-groups"]  # type: ignore[type-arg,assignment]
    return sorted(groups["dev"])


def lock(target: Path, what: str, requirements: list[str], *constraints: str) -> None:
    """Resolve for every platform and Python from 3.11 on, and write `target`."""
    command = [
        "uv", "pip", "compile", "-", "--output-file", str(target), "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", "--quiet",
        *constraints,
    ]  # fmt: skip
    subprocess.run(command, input="\n".join(requirements), text=True, check=True, cwd=ROOT)
    pins = target.read_text("utf-8")
    if "://" in pins:
        raise SystemExit(f"{target.name} names a host; nothing in the repository may")
    target.write_text(HEADER.format(what=what) + pins, "utf-8")
    print(f"{target.relative_to(ROOT)}: {pins.count('==')} packages")


def main() -> None:
    """Write the locks, each within the pins of those before."""
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    runtime = runtime_requirements()
    lock(RUNTIME, "What the hub and its plugins need to run.", runtime, *upgrade)
    lock(
        UV, "What installs the rest quickly.", [need for need in dev_requirements() if need.startswith("uv")], *upgrade
    )
    within = ["--constraints", str(RUNTIME), "--constraints", str(UV), *upgrade]
    lock(DEV, "The runtime again, and what its tests, checks and builds need.", runtime + dev_requirements(), *within)


if __name__ == "__main__":
    main()
