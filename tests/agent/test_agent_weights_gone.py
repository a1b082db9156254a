"""The model's file is gone while the engine is down: what is told, and what happens when it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles.agent_doubles import RunningAgent

from console.agent.supervision import setbacks


async def test_weights_that_are_gone_are_named_and_tried_once_they_are_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setbacks, "FIRST_BACKOFF_S", setbacks.LAST_BACKOFF_S)
    weights = tmp_path / "toy.gguf"
    weights.write_bytes(b"GGUF")
    node = RunningAgent(tmp_path, "")
    await node.start()
    try:
        await node.until(lambda state: state.engine.state == "ready")
        weights.unlink()
        assert node.launcher.process is not None
        node.launcher.process.kill()
        state = await node.until(lambda state: state.reason.code == "engine_down")
        assert state.reason.evidence == str(weights)
        assert "file is gone" in state.reason.sentence and "f on Models" in state.reason.remedy
        assert node.launcher.launches == 1
        weights.write_bytes(b"GGUF")
        await node.until(lambda state: state.engine.state == "ready" and state.engine.restarts == 1)
        assert node.launcher.launches == 2
    finally:
        await node.stop()
