"""The agent's own command line with a scripted engine: for tests that have it start itself again.

`python restartable_agent.py --home HOME …`: the options of `python -m console.agent`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from console.agent.foreground import foreground
from console.agent.model import ModelFile
from console.agent.parts import Parts
from console.settings.config import Config
from doubles.agent_doubles import BARE_LOOK, GROUP, ScriptedLauncher
from doubles.engine_double import ScriptedEngine


def model(home: Path, config: Config) -> ModelFile:
    """Named as the configuration has it."""
    return ModelFile(Path(config.engine.model), Path(config.engine.model).stem, GROUP, 2048)


if __name__ == "__main__":
    engine = ScriptedEngine(end_bias=-50.0)
    engine.stall_after = 30
    parts = Parts(
        model=model,
        launcher=lambda home, model, config: ScriptedLauncher(engine),
        survey=lambda folders: BARE_LOOK,
    )
    sys.exit(foreground(sys.argv[1:], parts, (sys.executable, __file__)))
