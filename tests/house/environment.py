"""Fresh virtual environments that borrow this one's libraries, so that installing into them needs no network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path


def fresh_python(folder: Path, *, editables: bool) -> Path:
    """The interpreter of a new environment in `folder`; `editables` says whether this checkout is visible in it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    borrowed = sysconfig.get_path("purelib")
    line = f"import site; site.addsitedir({borrowed!r})" if editables else borrowed
    site_packages = next(folder.glob("lib/python*/site-packages"))
    (site_packages / "borrowed.pth").write_text(line + "\n", "utf-8")
    return folder / "bin/python"


def call(*command: str | Path, cwd: Path) -> str:
    """What `command` printed. Fails the test with all of it when the command fails."""
    unwanted = {"PYTHONPATH", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS"}
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if key not in unwanted},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout
