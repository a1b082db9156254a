"""Where `quarterdeck` starts: the console when no command is named, else the command.

This file alone may join the command line and the console; commands never import Textual.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from console.control.link import Source
    from console.control.setup import Choices, SetupHost


def run_console(
    source: Path | Source, *, mouse: bool | None = None, read_only: bool = False, **how: Any
) -> int:
    """Show the node behind `source` until the operator leaves; the exit code.

    `mouse` and `read_only` go before the configuration; for `how` see `console.tui.run`.

    Raises:
        ConfigError: the operator's configuration cannot be used.
    """
    import msgspec

    from console.settings import config, paths
    from console.tui import run

    screen = config.load(paths.config_file()).screen
    if mouse is not None:
        screen = msgspec.structs.replace(screen, mouse="on" if mouse else "off")
    if read_only:
        screen = msgspec.structs.replace(screen, read_only=True)
    return run(source, screen=screen, **how)


def run_setup(host: SetupHost) -> Choices | None:
    """Ask the operator what this machine shall do; None when the setup was left.

    Raises:
        ConfigError: the operator's configuration cannot be used.
    """
    from console.settings import config, paths
    from console.tui.setup import choose

    return choose(host, config.load(paths.config_file()).screen)


def main() -> None:
    """The console script: runs a command and ends with DESIGN's exit codes."""
    from console.cli import Screens, quarterdeck
    from console.settings.config import ConfigError
    from console.settings.terminal import speak_ascii, speaks_utf8

    if not speaks_utf8():
        speak_ascii(sys.stdout)
        speak_ascii(sys.stderr)

    try:
        code = quarterdeck.main(
            obj=Screens(run_console, run_setup), prog_name="quarterdeck", standalone_mode=False
        )
    except click.Abort:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        code = 1
    _let_go(sys.stdout)
    _let_go(sys.stderr)
    sys.exit(code or 0)


def _let_go(stream: TextIO) -> None:
    """Whoever read may have left, as `head` does, or the terminal be gone: no complaint at exit."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
