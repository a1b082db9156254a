"""`quarterdeck models`: answers on stdout, everything else on stderr, exit codes of the design."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

import console.cli.models as command
from console.models import STARTER, CatalogueEntry

KEY = struct.pack("<Q", 20) + b"general.architecture" + struct.pack("<IQ", 8, 4) + b"mini"
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + KEY + bytes(32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUARTERDECK_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A catalogue of one small model, whose file is there."""
    digest = hashlib.sha256(GGUF).hexdigest()
    mini = msgspec.structs.replace(
        STARTER, name="mini", file_name="mini.gguf", size_bytes=len(GGUF), sha256=digest
    )
    (folder / "mini.gguf").write_bytes(GGUF)
    monkeypatch.setattr(command, "CATALOGUE", (mini,))
    monkeypatch.setattr(command, "find_entry", lambda name: mini)
    return mini


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.models, list(arguments))


def test_list_says_what_is_here(folder: Path) -> None:
    row = json.loads(run("list", "--json").stdout)["models"][0]
    assert (row["name"], row["state"], row["path"]) == (STARTER.name, "not here", None)
    (folder / STARTER.file_name).write_bytes(b"something else")
    row = json.loads(run("list", "--json").stdout)["models"][0]
    assert (row["state"], row["path"]) == ("wrong file", str(folder / STARTER.file_name))
    assert "wrong file" in run("list").stdout


def test_list_of_a_verified_model(entry: CatalogueEntry) -> None:
    answer = json.loads(run("list", "--json").stdout)
    assert answer["schema_version"] == 1
    assert [(row["name"], row["state"]) for row in answer["models"]] == [("mini", "verified")]


def test_fetch_prints_the_path_alone(entry: CatalogueEntry, folder: Path) -> None:
    result = run("fetch", "mini")
    assert (result.exit_code, result.stdout) == (0, f"{folder / 'mini.gguf'}\n")
    assert "checking SHA-256" in result.stderr


def test_show(entry: CatalogueEntry, folder: Path) -> None:
    for what in ("mini", str(folder / "mini.gguf")):
        answer = json.loads(run("show", what, "--json").stdout)
        assert (answer["architecture"], answer["file_bytes"]) == ("mini", len(GGUF))
    assert "mini" in run("show", "mini").stdout


def test_show_refuses_what_is_no_model(folder: Path) -> None:
    (folder / "noise.gguf").write_bytes(b"\x1b[2J" * 100)
    result = run("show", str(folder / "noise.gguf"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not a GGUF" in result.stderr and "Traceback" not in result.stderr


def test_verify(entry: CatalogueEntry, folder: Path) -> None:
    assert run("verify", "mini").exit_code == 0
    (folder / "mini.gguf").write_bytes(GGUF[:-1] + b"!")
    result = run("verify", "mini")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "models fetch mini" in result.stderr


def test_unknown_name_is_wrong_usage(folder: Path) -> None:
    for action in ("fetch", "verify"):
        result = run(action, "nope")
        assert (result.exit_code, result.stdout) == (2, "")
        assert STARTER.name in result.stderr
