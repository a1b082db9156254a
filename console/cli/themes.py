"""`quarterdeck themes`: which themes there are, and what is wrong with one that somebody writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from console.cli.agent_home import FAILED, print_json
from console.settings import contrast, paths
from console.settings.theme_file import Problem, ThemeError, ThemeFile
from console.settings.themes import read_theme, shipped_folder, theme_files


@click.group()
def themes() -> None:
    """Themes: list them, check one that you write."""


@themes.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_themes(as_json: bool) -> None:
    """All themes, shipped ones and your own, with those that are broken."""
    entries = _entries()
    if as_json:
        print_json({"folder": str(paths.user_themes_dir()), "themes": entries})
        return
    width = max((len(entry["name"]) for entry in entries), default=0)
    for entry in entries:
        kind = f"{'dark' if entry['dark'] else 'light'}, {entry['from']}" if not entry["broken"] else "broken"
        click.echo(f"{entry['name']:<{width}}  {kind:<14}  {entry['broken'] or entry['about']}")
    click.echo(
        f"\nYour own go into {paths.user_themes_dir()}; the console takes them in while it runs.\n"
        f"A copy of {shipped_folder() / 'lantern.toml'} is a good start.",
        err=True,
    )


@themes.command()
@click.argument("theme", metavar="[FILE|NAME]", required=False)
def check(theme: str | None) -> None:
    """Say everything that is wrong with a theme, or with all of your own, each with its remedy.

    Ends with 1 when one is broken. What is only hard to read is a warning.
    """
    files = [_file_of(theme)] if theme else theme_files([paths.user_themes_dir()])
    if not files:
        click.echo(f"You have no themes of your own in {paths.user_themes_dir()}.", err=True)
    broken = [path for path in files if not _judge(path)]
    if broken:
        sys.exit(FAILED)


def _entries() -> list[dict[str, Any]]:
    """One for each theme, by name; of two with the same name the operator's own counts. Then the broken."""
    sound: dict[str, dict[str, Any]] = {}
    broken: list[dict[str, Any]] = []
    shipped = shipped_folder()
    for path in theme_files([shipped, paths.user_themes_dir()]):
        origin = "shipped" if path.parent == shipped else "yours"
        entry = {"name": path.name, "about": "", "dark": None, "native": None, "from": origin, "broken": ""}
        try:
            read = read_theme(path)
        except ThemeError as error:
            broken.append(entry | {"broken": str(error).removeprefix(f"{path.name}: ")})
        else:
            sound[read.name] = entry | {
                "name": read.name, "about": _line(read.about), "dark": read.dark, "native": read.native
            }  # fmt: skip
    return [sound[name] for name in sorted(sound)] + broken


def _file_of(theme: str) -> Path:
    """The file that is meant: by its path, or by the name of the theme in it."""
    path = Path(theme).expanduser()
    if path.is_file():
        return path
    for found in reversed(theme_files([shipped_folder(), paths.user_themes_dir()])):
        if theme in (found.name, found.stem) or _name_in(found) == theme:
            return found
    raise click.UsageError(f"{theme!r} is neither a file nor a theme. See `quarterdeck themes list`.")


def _name_in(path: Path) -> str:
    try:
        return read_theme(path).name
    except ThemeError:
        return ""


def _judge(path: Path) -> bool:
    """Print what there is to say of one file; whether it can be used."""
    try:
        theme = read_theme(path)
    except ThemeError as error:
        click.echo(f"{path.name}: broken")
        for problem in error.problems:
            _say("wrong", problem)
        return False
    warnings = list(_warnings(theme))
    click.echo(f"{path.name}: sound" + (", but" if warnings else ""))
    for warning in warnings:
        _say("warning", warning)
    if theme.native:
        click.echo("  note     the terminal's own colours: how well they can be read is its affair")
    return True


def _say(kind: str, problem: Problem) -> None:
    click.echo(f"  {kind:<8} {problem.sentence}")
    click.echo(f"           {problem.remedy}")


def _warnings(theme: ThemeFile) -> list[Problem]:
    found = [
        Problem(f"colours.{weak.pair.ink}", weak.sentence, "Move one of the two away from the other.")
        for weak in contrast.weak_pairs(theme)
    ]
    if contrast.says_wrong_ground(theme):
        text = f"dark = {str(theme.dark).lower()}, but its ground is {'light' if theme.dark else 'dark'}"
        found.append(Problem("", text, "Set `dark` to what `back` is."))
    return found


def _line(text: str) -> str:
    """What a file says of itself, on one line and without control characters."""
    return "".join(char if char.isprintable() else " " for char in text)[:100]
