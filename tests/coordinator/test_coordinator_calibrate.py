"""Calibrations on disk, and `quarterdeck coordinator calibrate` on a tiny model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from benches.synthetic import Shape, write_model

from console.coordinator.audits.calibrations import (
    CalibrationError,
    Kept,
    kept_at,
    load_calibrations,
    write_calibration,
)
from console.coordinator.calibrate import table
from console.engine.quantise import quantise
from console.verification.calibrating import Condition
from console.verification.calibration import Calibration

CONDITION = Condition(
    "flash attention off", 40, 5000, 5000, 32000, 44000, 700_000, 1_000_000, 99_000, 20_000, 170_000
)
MADE = Calibration(
    "a" * 64,
    "unlike",
    "c" * 64,
    5000,
    32000,
    44000,
    1_000_000,
    99_000,
    20_000,
    250_000,
    5000,
    40,
    "2026-11-26",
)
KEPT = Kept(MADE, MADE.digest, (CONDITION,), "AVX2 = 1")


def test_what_is_written_is_loaded(tmp_path: Path) -> None:
    assert load_calibrations(tmp_path) == ()
    write_calibration(kept_at(tmp_path, MADE), KEPT)
    assert load_calibrations(tmp_path) == (MADE,)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "malformed"),
        (msgspec.json.encode(msgspec.structs.replace(KEPT, digest="0" * 64)), "changed by hand"),
        (msgspec.json.encode(msgspec.structs.replace(KEPT, schema_version=2)), "another version"),
        (b"\xff", "malformed"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_named_with_a_remedy(
    tmp_path: Path, data: bytes, words: str
) -> None:
    path = kept_at(tmp_path, MADE)
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(CalibrationError, match=words) as found:
        load_calibrations(tmp_path)
    assert str(path) in str(found.value)
    assert "calibrate" in str(found.value)


def test_the_table_shows_every_condition_and_the_limits() -> None:
    shown = table(KEPT)
    assert "flash attention off" in shown
    assert "4.40 %" in shown
    assert "largest margin 1.000" in shown


@pytest.mark.model
@pytest.mark.e2e
def test_calibrate_writes_limits_with_their_evidence(starter_model: Path, tmp_path: Path) -> None:
    plain, model = tmp_path / "plain.gguf", tmp_path / "tiny.gguf"
    write_model(
        starter_model, plain, Shape(width=256, inner=512, layers=1, heads=4, kv_heads=2, context=1024)
    )
    quantise(plain, model, "Q4_K_M")
    words = ("coordinator", "calibrate", str(model), "--tokens", "1000", "--home", str(tmp_path / "home"))
    done = subprocess.run(
        [sys.executable, "-m", "console", *words],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (made,) = load_calibrations(tmp_path / "home")
    assert made.tokens >= 1000
    assert made.node == "unlike"
    assert "Limits at 128 tokens" in done.stdout


def test_a_model_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    noise = tmp_path / "noise.gguf"
    noise.write_bytes(b"noise")
    words = ("coordinator", "calibrate", str(noise), "--home", str(tmp_path / "home"))
    done = subprocess.run(
        [sys.executable, "-m", "console", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "GGUF" in done.stderr
    assert "Traceback" not in done.stderr
