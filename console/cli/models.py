"""`quarterdeck models`: what weights are here, which can be had, and whether they are what they claim."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
import msgspec

from console.models import (
    CATALOGUE,
    CatalogueEntry,
    GgufInfo,
    ModelError,
    Progress,
    fetch,
    find_entry,
    memory_needed,
    read_gguf,
    verified_path,
    verify_file,
)
from console.settings.paths import models_dir

SCHEMA_VERSION = 1
FAILED, WRONG_USAGE = 1, 2
REPORT_EVERY_S = 0.25
SHOWN_CONTEXT = 2048

P = ParamSpec("P")
R = TypeVar("R")


def _told(command: Callable[P, R]) -> Callable[P, R]:
    """Answer a `ModelError` with its sentence and remedy on stderr and the exit code that fits."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ModelError as error:
            _refuse(error)

    return wrapped


def _refuse(error: ModelError) -> NoReturn:
    click.echo(f"{error.sentence}\n{error.remedy}", err=True)
    raise SystemExit(WRONG_USAGE if error.code == "unknown_model" else FAILED)


@click.group("models")
def models() -> None:
    """Weights on this machine: list, fetch, show, verify."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable answer.")
def list_(as_json: bool) -> None:
    """Known models, and which of them are here and verified."""
    folder = models_dir()
    rows = [_row(entry, folder) for entry in CATALOGUE]
    if as_json:
        _print_json({"folder": str(folder), "models": rows})
        return
    for row in rows:
        click.echo(
            f"{row['name']:<32} {_megabytes(row['size_bytes']):>10}  {row['state']:<10} {row['title']}"
        )
    click.echo(f"Folder: {folder}")


@models.command("fetch")
@click.argument("name")
@_told
def fetch_(name: str) -> None:
    """Get the model NAME of the catalogue, checked by its SHA-256."""
    with _Bar() as bar:
        path = fetch(find_entry(name), models_dir(), bar)
    click.echo(str(path))


@models.command("show")
@click.argument("path_or_name")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable answer.")
@_told
def show(path_or_name: str, as_json: bool) -> None:
    """What a GGUF file, given by path or catalogue name, says about itself."""
    path = _path_of(path_or_name)
    info = read_gguf(path)
    needed = memory_needed(info, SHOWN_CONTEXT)
    if as_json:
        estimate = {"n_ctx": SHOWN_CONTEXT, "bytes": needed}
        _print_json({"path": str(path), **msgspec.to_builtins(info), "memory_estimate": estimate})
        return
    for label, value in _lines(path, info, needed):
        click.echo(f"{label:<13} {value}")


@models.command("verify")
@click.argument("name")
@_told
def verify(name: str) -> None:
    """Hash the file of the model NAME anew and compare."""
    entry = find_entry(name)
    with _Bar() as bar:
        path = verify_file(entry, models_dir(), bar)
    click.echo(f"{entry.name}: SHA-256 {entry.sha256} matches, {path}")


def _row(entry: CatalogueEntry, folder: Path) -> dict[str, Any]:
    here = folder / entry.file_name
    unverified = "wrong file" if here.exists() else "not here"
    return {
        "name": entry.name,
        "title": entry.title,
        "state": "verified" if verified_path(entry, folder) else unverified,
        "path": str(here) if here.exists() else None,
        "size_bytes": entry.size_bytes,
        "sha256": entry.sha256,
        "licence": entry.licence,
        "architecture": entry.architecture,
        "parameters": entry.parameters,
        "context_length": entry.context_length,
    }


def _path_of(path_or_name: str) -> Path:
    """A catalogue name's file, else the path itself."""
    for entry in CATALOGUE:
        if entry.name == path_or_name:
            return models_dir() / entry.file_name
    return Path(path_or_name)


def _lines(path: Path, info: GgufInfo, needed: int) -> list[tuple[str, str]]:
    shape = f"{info.layers} of width {info.embedding_length}, {info.heads} heads, {info.kv_heads} for K and V"
    types = ", ".join(f"{count} x {name}" for name, count in info.tensor_types.items())
    return [
        ("file", f"{path} ({_megabytes(info.file_bytes)}, GGUF {info.version})"),
        ("model", f"{info.name or 'unnamed'} ({info.architecture})"),
        ("parameters", f"{info.parameter_count:,} in {info.tensor_count:,} tensors: {types}"),
        ("layers", shape),
        ("context", f"{info.context_length:,} tokens"),
        ("vocabulary", f"{info.vocabulary:,} tokens ({info.tokenizer or 'no tokenizer'})"),
        ("chat template", "yes" if info.has_chat_template else "no"),
        ("memory", f"about {_megabytes(needed)} at {SHOWN_CONTEXT:,} tokens of context (an estimate)"),
    ]


class _Bar:
    """Progress on stderr: one line rewritten on a terminal, a line per stage otherwise."""

    def __init__(self) -> None:
        self._stage = ""
        self._last_s = float("-inf")
        self._live = sys.stderr.isatty()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._stage:
            click.echo(err=True)

    def __call__(self, progress: Progress) -> None:
        done = progress.done_bytes >= progress.total_bytes
        now_s = time.monotonic()
        if self._live and (done or now_s - self._last_s >= REPORT_EVERY_S or progress.stage != self._stage):
            percent = 100 * progress.done_bytes // max(1, progress.total_bytes)
            amount = f"{_megabytes(progress.done_bytes)} of {_megabytes(progress.total_bytes)}"
            click.echo(f"\r{_words(progress):<40} {percent:3d} %  {amount}   ", nl=False, err=True)
            self._last_s = now_s
        elif not self._live and progress.stage != self._stage:
            click.echo(f"{_words(progress)} ({_megabytes(progress.total_bytes)})", err=True)
        self._stage = progress.stage


def _words(progress: Progress) -> str:
    return {
        "waiting": "another process is fetching it; waiting",
        "downloading": "downloading",
        "unpacking": "unpacking",
        "checking": "checking SHA-256",
    }[progress.stage]


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode({"schema_version": SCHEMA_VERSION, **answer}))
