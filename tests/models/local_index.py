"""A package index in a folder: real pip, no network."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from console.models import CatalogueEntry
from console.models.catalogue import PackageSource

MODEL = b"GGUF" + bytes(range(256)) * 20_000
MEMBER = "qd_tiny_model/tiny.gguf"


def make_wheel(folder: Path, model: bytes = MODEL) -> Path:
    """A valid wheel `qd-tiny-model` 1.0 with `model` inside."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "qd_tiny_model-1.0-py3-none-any.whl"
    info = "qd_tiny_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(MEMBER, model)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: qd-tiny-model\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_entry(wheel: Path, model: bytes = MODEL) -> CatalogueEntry:
    """The catalogue entry for the model in `wheel`."""
    source = PackageSource(
        package="qd-tiny-model",
        version="1.0",
        wheel_bytes=wheel.stat().st_size,
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member=MEMBER,
    )
    return CatalogueEntry(
        name="tiny",
        file_name="tiny.gguf",
        title="Tiny",
        size_bytes=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
        source=source,
        licence="Apache-2.0",
        architecture="llama",
        parameters=1,
        context_length=64,
    )


def use_index(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip see the wheels in `folder` and nothing else."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
