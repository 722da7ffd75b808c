"""Fetch the browser's libraries from npm by exact version, check them, and put them into the tree unmodified.

    python .ci/vendor_frontend.py          # fetch what is missing, make the icon sprite and frontend/THIRD_PARTY.md
    python .ci/vendor_frontend.py --check  # only compare what is in the tree with the manifest

The manifest is `frontend/static/vendor/manifest.json`. Nothing here runs when kWHub is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "frontend" / "static" / "vendor"
MANIFEST = SHIPPED / "manifest.json"
NOTICES = ROOT / "frontend" / "THIRD_PARTY.md"
SPRITE = ROOT / "frontend" / "static" / "icons.svg"
ICON_USE = re.compile(r"""(?:\bicon\(|Item\("\w+", N_\("[^"]+"\), )["']([a-z0-9-]+)["']""")


@dataclass(frozen=True)
class Package:
    """One npm package: which of its files go where, and under which licence."""

    name: str
    version: str
    spdx: str
    folder: Path
    files: dict[str, str]

    @property
    def target(self) -> Path:
        """Folder of the package in the tree, with its version in the name."""
        return self.folder / f"{self.name.split('/')[-1].removesuffix('.org')}-{self.version}"


def packages() -> list[Package]:
    """The packages of the manifest, `files` being SHA-256 by path inside the package."""
    listed: list[dict[str, Any]] = json.loads(MANIFEST.read_text())
    return [
        Package(item["name"], item["version"], item["spdx"], ROOT / item["folder"], item["files"]) for item in listed
    ]


def digest(file: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def faults(package: Package) -> list[str]:
    """What of a package is missing in the tree or differs from the manifest."""
    found = []
    for name, expected in package.files.items():
        file = package.target / Path(name).name
        if not file.is_file():
            found.append(f"{file.relative_to(ROOT)} is missing")
        elif expected and digest(file) != expected:
            found.append(f"{file.relative_to(ROOT)} is not what the manifest says")
    return found


def unpack(package: Package, folder: Path) -> Path:
    """Fetch a package with the npm client and unpack it; the folder of its content."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not installed; it is needed only to fetch new versions")
    answer = subprocess.run(
        [npm, "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    with tarfile.open(folder / answer.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def fetch(package: Package, *, trust: bool) -> None:
    """Put a package's files into the tree. Ends the program when one differs from the manifest, unless `trust`."""
    with tempfile.TemporaryDirectory() as folder:
        content = unpack(package, Path(folder))
        package.target.mkdir(parents=True, exist_ok=True)
        for name, expected in package.files.items():
            found = digest(content / name)
            if not trust and found != expected:
                sys.exit(f"{package.name} {package.version}: {name} has SHA-256 {found}, expected {expected}")
            package.files[name] = found
            shutil.copyfile(content / name, package.target / Path(name).name)


def icons_used() -> list[str]:
    """Names of the Lucide icons that templates and the navigation ask for."""
    sources = [*(ROOT / "frontend" / "templates").rglob("*.html"), *(ROOT / "hub" / "web").rglob("*.py")]
    return sorted({name for file in sources for name in ICON_USE.findall(file.read_text())})


def write_sprite(names: Iterable[str], lucide: Package) -> None:
    """One SVG file with a symbol for each icon used."""
    symbols = []
    with tempfile.TemporaryDirectory() as folder:
        content = unpack(lucide, Path(folder))
        for name in names:
            file = content / "icons" / f"{name}.svg"
            if not file.is_file():
                sys.exit(f"Lucide {lucide.version} has no icon {name!r}")
            body = re.sub(r"\s+", " ", re.sub(r".*?<svg[^>]*>|</svg>", "", file.read_text(), flags=re.DOTALL)).strip()
            symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    head = (
        f"<!-- Icons of Lucide {lucide.version}, ISC; licence in vendor/{lucide.target.name}/LICENSE -->\n"
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
    )
    SPRITE.write_text(head + "\n".join(symbols) + "\n</svg>\n")


def write_notices(shipped: Iterable[Package]) -> None:
    """`NOTICES`: what is in the tree that others wrote."""
    lines = [
        "# Third-party files in this tree",
        "",
        "Made by `.ci/vendor_frontend.py`; the files are unmodified.",
        "",
    ]
    lines += ["| package | version | licence | where | shipped |", "|---|---|---|---|---|"]
    for package in shipped:
        place = package.target.relative_to(ROOT).as_posix()
        answer = "yes" if package.folder == SHIPPED else "no, tests only"
        lines.append(f"| {package.name} | {package.version} | {package.spdx} | `{place}/` | {answer} |")
    lines += ["", "Icons in `frontend/static/icons.svg` are drawn by Lucide (ISC).", ""]
    NOTICES.write_text("\n".join(lines))


def main() -> None:
    """Fetch, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fetch nothing; fail when the tree differs")
    parser.add_argument("--trust", action="store_true", help="take the hashes of a new version into the manifest")
    options = parser.parse_args()
    listed = packages()
    wrong = [fault for package in listed for fault in faults(package)]
    if options.check:
        sys.exit("\n".join(wrong) or None)
    for package in listed:
        if options.trust or faults(package):
            fetch(package, trust=options.trust)
            print(f"{package.name} {package.version} -> {package.target.relative_to(ROOT)}")
    if options.trust:
        MANIFEST.write_text(json.dumps([_as_listed(package) for package in listed], indent=2) + "\n")
    write_sprite(icons_used(), next(package for package in listed if package.name == "lucide-static"))
    write_notices(listed)


def _as_listed(package: Package) -> dict[str, Any]:
    folder = package.folder.relative_to(ROOT).as_posix()
    return {
        "name": package.name,
        "version": package.version,
        "spdx": package.spdx,
        "folder": folder,
        "files": package.files,
    }


if __name__ == "__main__":
    main()
