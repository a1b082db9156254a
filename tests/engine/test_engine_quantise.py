"""Re-quantisation in the process that goes on using llama.cpp."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from console.engine.quantise import quantise
from console.engine.process.model import Model
source, made = Path(sys.argv[1]), Path(sys.argv[2])
quantise(source, made, "Q4_0")
print(Model(made, 0).vocabulary_size)
"""


@pytest.mark.model
def test_llama_cpp_lives_on_after_a_quantisation(starter_model: Path, tmp_path: Path) -> None:
    """It keeps calling the log's callback, which must not have been freed."""
    words = [sys.executable, "-c", PROGRAM, str(starter_model), str(tmp_path / "made.gguf")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "49152"
