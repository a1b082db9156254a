"""The `quarterdeck` command: one file per group of commands, loaded when it is used.

Commands answer on stdout and say everything else on stderr. They reach the node through `control` alone and
never import Textual: the console is handed in by the entry point.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console import __version__

if TYPE_CHECKING:
    from console.control.setup import Choices, SetupHost

RunConsole = Callable[..., int]
"""Shows the node behind a socket until the operator leaves; its exit code. See `console.tui.run`."""


@dataclass(frozen=True, slots=True)
class Screens:
    """What the entry point hands to the commands that show something; called, it shows the console."""

    console: RunConsole
    setup: Callable[[SetupHost], Choices | None]
    """First-run setup; None when it was left."""

    def __call__(self, *given: Any, **how: Any) -> int:
        """Show the console."""
        return self.console(*given, **how)


COMMANDS: dict[str, tuple[str, str]] = {
    "practice": ("console.cli.practice", "Run the whole network on this machine, with real models."),
    "agent": ("console.cli.agent", "Run, start or stop this machine's node."),
    "status": ("console.cli.status", "What the node does, and the one reason why."),
    "jobs": ("console.cli.jobs", "Jobs of this node, newest first."),
    "earnings": ("console.cli.earnings", "What the node earned, by day, with every receipt as CSV."),
    "pause": ("console.cli.policies", "Take no new work until you resume."),
    "resume": ("console.cli.policies", "Take work again."),
    "drain": ("console.cli.policies", "Finish what runs, then take no more."),
    "identity": ("console.cli.identity", "Who this node is on the network."),
    "hardware": ("console.cli.hardware", "What this machine is, and what llama.cpp can use of it."),
    "doctor": ("console.cli.doctor", "Check this machine, each finding with its remedy."),
    "config": ("console.cli.config", "The configuration: show, check, change."),
    "record": ("console.cli.recordings", "Record what this node tells its consoles."),
    "replay": ("console.cli.recordings", "Show a recording: `replay demo` needs no model and no network."),
    "models": ("console.cli.models", "Models: list, fetch, show, verify."),
    "themes": ("console.cli.themes", "Themes: list them, check one that you write."),
    "web": ("console.cli.web", "Show the console in a browser of this machine."),
    "audit": ("console.cli.audit", "Recompute verdicts, draws and statements on this machine."),
    "client": ("console.cli.client", "A local OpenAI endpoint that checks the draw of every request."),
    "coordinator": ("console.cli.coordinator", "Run the network's side."),
}
"""Command to its module and the line shown by --help; the module holds a click command of that name."""


class LazyCommands(click.Group):
    """A group that imports a command's module only when the command is used: `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command `cmd_name`, or None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyCommands, invoke_without_command=True)
@click.version_option(__version__, prog_name="quarterdeck")
@click.option("--home", type=click.Path(path_type=Path), help="The node's folder; $QUARTERDECK_HOME.")
@click.option("--plain", is_flag=True, help="Lines instead of a screen: for pipes and screen readers.")
@click.option("--theme", default=None, metavar="NAME", help="Wear this theme; see `quarterdeck themes list`.")
@click.option("--mouse/--no-mouse", default=None, help="Use the mouse or leave it to the terminal.")
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.pass_context
def quarterdeck(
    ctx: click.Context,
    home: Path | None,
    plain: bool,
    theme: str | None,
    mouse: bool | None,
    read_only: bool,
) -> None:
    """Operator console for decentralised LLM inference.

    Without a command: attach to this machine's node, starting it when it does not run.
    """
    if home is not None:
        os.environ["QUARTERDECK_HOME"] = str(home.expanduser().absolute())
    if theme is not None:
        _refuse_unknown(theme)
    wishes = {"plain": plain or None, "theme": theme, "mouse": mouse, "read_only": read_only or None}
    told = {name: wish for name, wish in wishes.items() if wish is not None}
    setup = getattr(ctx.obj, "setup", None)
    if told and ctx.obj is not None:
        ctx.obj = partial(ctx.obj, **told)
    if ctx.invoked_subcommand is None:
        from console.cli.attach import attach

        ctx.exit(attach(ctx.obj, None if plain else setup))


def _refuse_unknown(theme: str) -> None:
    """End with a wrong usage when there is no theme of that name."""
    from console.settings import paths, themes

    folders = (themes.shipped_folder(), paths.user_themes_dir())
    if themes.find_theme(theme, folders) is None:
        names = ", ".join(sorted(themes.read_themes(folders)[0]))
        raise click.BadParameter(f"there is no theme {theme!r}. There are {names}.", param_hint="--theme")
