"""Setting up again: what is made anew, what is said once, and what is left alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "console/engine/process/sampling.c"
PARTS = ("pyproject.toml", "constraints.txt", "constraints-dev.txt", "constraints-engine.txt", SOURCE)
SCRIPTS = ("script/setup", "script/build_hook.py")
PYTHON = f"""#!/bin/sh
case "$*" in *"pip --disable-pip-version-check"*) echo "pip $*" >>"$PIP_LOG"; exit 0 ;; esac
exec '{sys.executable}' "$@"
"""


class Checkout:
    """A checkout that is set up, but for the compiled sampling; pip only writes down what it is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.library = root / "console/engine/process/sampling.so"
        self.asked = root / "pip.log"
        for name in PARTS + SCRIPTS:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        self.write(".venv/bin/python", PYTHON)
        self.write(".venv/bin/quarterdeck", "#!/bin/sh\n")
        shutil.copy(root / "constraints-engine.txt", root / ".venv/engine-ready")
        self.write(".venv/made-in", str(root))
        self.first = self.setup("--once", cc="no-such-compiler")
        """What it said at its first start."""
        self.asked.unlink()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def setup(self, *words: str, cc: str = "cc") -> str:
        """What it says; it always ends well."""
        surroundings = {"PATH": "/usr/local/bin:/usr/bin:/bin", "CC": cc, "PIP_LOG": str(self.asked)}
        command = [str(self.root / "script/setup"), *words]
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
        assert not done.stdout
        return done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path.resolve())


def test_a_missing_compiler_is_told_at_every_setup_by_hand_and_at_the_first_start(checkout: Checkout) -> None:
    for told in (checkout.first, checkout.setup(cc="no-such-compiler")):
        assert "sampling.c was not compiled (no C compiler: no-such-compiler was not found)" in told
        assert "numpy samples instead" in told and "gcc" in told and "script/setup" in told
    assert checkout.setup("--once", cc="no-such-compiler") == ""
    assert checkout.setup("--once", cc="another-that-is-missing") == ""
    assert not checkout.asked.exists()


def test_the_sampling_is_compiled_once_there_is_a_compiler(checkout: Checkout) -> None:
    assert checkout.setup("--once") == ""
    assert checkout.library.stat().st_size
    made_ns = checkout.library.stat().st_mtime_ns
    assert checkout.setup() == ""
    assert checkout.library.stat().st_mtime_ns == made_ns


def test_a_compiler_that_fails_is_told_and_not_tried_at_every_start(checkout: Checkout) -> None:
    assert "was not compiled (false ended with 1)" in checkout.setup("--once", cc="false")
    assert checkout.setup("--once", cc="false") == ""
    assert "was not compiled" in checkout.setup(cc="false")


def test_without_an_engine_nothing_is_said_of_its_sampling(checkout: Checkout) -> None:
    shutil.copy(checkout.root / "constraints-engine.txt", checkout.root / ".venv/engine-failed")
    (checkout.root / ".venv/engine-ready").unlink()
    told = checkout.setup("--once", cc="no-such-compiler")
    assert "llama-cpp-python is not installed" in told and "sampling" not in told


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", SOURCE, "script/build_hook.py"])
def test_what_the_installed_code_is_made_from_is_looked_at(checkout: Checkout, name: str) -> None:
    checkout.setup()
    assert not checkout.asked.exists()
    with (checkout.root / name).open("a") as file:
        file.write("\n")
    checkout.setup()
    assert "--editable ." in checkout.asked.read_text()
