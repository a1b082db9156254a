"""What keeps an agent from starting, told to the operator."""

from __future__ import annotations

FAILED = 1
USAGE = 2


class AgentError(Exception):
    """The agent cannot start. The text says what happened, what it means and what to do next."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        """`exit_code`: 1 failed, 2 wrong usage (DESIGN §12)."""
        super().__init__(sentence)
        self.exit_code = exit_code
