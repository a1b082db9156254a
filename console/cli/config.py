"""`quarterdeck config`: where the configuration lies, what it says, and changing it."""

from __future__ import annotations

import sys

import click

from console.cli.agent_home import FAILED, print_json
from console.settings import edit, paths
from console.settings.config import Config, ConfigError, load
from console.settings.schema import BY_NAME, SETTINGS, TAKES_WORDS, Setting
from console.settings.values import default_of, out_of_bounds, understood, value_in, written


@click.group(name="config")
def config() -> None:
    """The configuration: path, show, check, set, unset."""


@config.command()
def path() -> None:
    """Where it lies, whether it is there or not."""
    click.echo(str(paths.config_file()))


@config.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(as_json: bool) -> None:
    """Every setting, what it is now and what it is for."""
    now = _loaded()
    if as_json:
        told = [
            {
                "name": setting.name, "value": value_in(now, setting), "default": default_of(setting),
                "explanation": setting.explanation, "takes_effect": TAKES_WORDS[setting.takes],
            }
            for setting in SETTINGS
        ]  # fmt: skip
        print_json({"path": str(paths.config_file()), "settings": told})
        return
    wide = max(len(setting.name) for setting in SETTINGS)
    for setting in SETTINGS:
        value = value_in(now, setting)
        mark = " " if value == default_of(setting) else "●"
        click.echo(f"{mark} {setting.name:<{wide}}  {written(value):<24}  {setting.explanation}")
    click.echo(f"● differs from the default. File: {paths.config_file()}", err=True)


@config.command()
def check() -> None:
    """Whether it can be used; every number within its bounds. Ends with 1 when not."""
    wrong = out_of_bounds(_loaded())
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        sys.exit(FAILED)
    click.echo(f"{paths.config_file()} is fine.")


@config.command(name="set")
@click.argument("name")
@click.argument("value")
def set_(name: str, value: str) -> None:
    """Set NAME (section.key) to VALUE; comments and order in the file stay."""
    setting = _setting(name)
    try:
        edit.set_value(paths.config_file(), setting.section, setting.key, understood(setting, value))
    except ValueError as error:
        raise click.UsageError(f"{name}: {error}") from error
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(FAILED)
    click.echo(f"{name} = {value}; it {TAKES_WORDS[setting.takes]}.", err=True)


@config.command()
@click.argument("name")
def unset(name: str) -> None:
    """Take NAME out of the file, so that its default holds."""
    setting = _setting(name)
    try:
        edit.unset(paths.config_file(), setting.section, setting.key)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(FAILED)
    click.echo(f"{name} is {written(default_of(setting))} again; it {TAKES_WORDS[setting.takes]}.", err=True)


def _setting(name: str) -> Setting:
    if name not in BY_NAME:
        raise click.UsageError(f"There is no setting {name!r}. There is: {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def _loaded() -> Config:
    try:
        return load(paths.config_file())
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(FAILED)
