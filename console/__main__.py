"""Where `quarterdeck` starts: the console when no command is named, else the command.

This file alone may join the command line and the console; commands never import Textual.
"""

from __future__ import annotations

import sys
from pathlib import Path


def run_console(socket: Path, *, plain: bool = False, practice: bool = False) -> int:
    """Show the node behind `socket` until the operator leaves; the exit code.

    Raises:
        ConfigError: the operator's configuration cannot be used.
    """
    from console.settings import config, paths

    screen = config.load(paths.config_file()).screen
    if plain or not sys.stdout.isatty():
        from console.tui.plain import run_plain

        return run_plain(socket)
    from console.tui import run

    return run(socket, screen=screen, practice=practice)


def main() -> None:
    """The console script."""
    from console.cli import quarterdeck

    quarterdeck(obj=run_console, prog_name="quarterdeck")


if __name__ == "__main__":
    main()
