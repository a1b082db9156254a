"""How this agent was started: where its configuration lies, and whether it can start itself again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.settings.config import Config


@dataclass(frozen=True, slots=True)
class Origin:
    """Nothing is known of an agent that was built by other code, e.g. a test: it cannot restart itself."""

    config_file: Path | None = None
    reload: Callable[[], Config] | None = None
    """The configuration as it is on disk now, with the command line applied. Raises ConfigError."""
    fixed_model: bool = False
    """Whether the command line names the model, which then counts for more than the file."""
    practice: bool = False
    """Whether practice started it, and ends it."""
