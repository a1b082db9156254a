"""The snapshot plugin keeps its own folder in the environment; everything else of Textual's is taken out."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere, but for the plugin's folder."""
    for name in list(os.environ):
        if name.startswith(("TEXTUAL_", "QUARTERDECK_")) and not name.startswith("TEXTUAL_SNAPSHOT"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
