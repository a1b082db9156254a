"""Changing one setting on disk: comments, order and everything else in the file stay as they are.

The new text is parsed as the configuration before it takes the old one's place, so that no file which
cannot be used is ever written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from console.settings.config import Config, ConfigError, parse

Value = str | int | float | bool

NEW_FILE_MODE = 0o600
"""A webhook's address in the file may be a secret."""


def set_value(path: Path, section: str, key: str, value: Value) -> Config:
    """Write `key = value` into `[section]` of the configuration `path`; what the file says from now on.

    `section` may be dotted (`screen.keys`). A missing file, folder or section is made.

    Raises:
        ConfigError: the file cannot be read or written, is not TOML, or would not be understood with it.
    """

    def change(document: MutableMapping[str, Any]) -> None:
        _section(document, section.split("."))[key] = value

    return _edit(path, change)


def unset(path: Path, section: str, key: str) -> Config:
    """Remove `key` from `[section]` of `path`, so that its default holds; no change if it is not there.

    Raises:
        ConfigError: as for `set_value`.
    """

    def change(document: MutableMapping[str, Any]) -> None:
        table: Any = document
        for name in section.split("."):
            table = table.get(name) if isinstance(table, MutableMapping) else None
        if isinstance(table, MutableMapping) and key in table:
            del table[key]

    return _edit(path, change)


def _edit(path: Path, change: Callable[[MutableMapping[str, Any]], None]) -> Config:
    import tomlkit  # 30 ms, needed by nobody who only reads
    from tomlkit.exceptions import TOMLKitError

    before = _read(path)
    try:
        document = tomlkit.parse(before.decode())
        change(document)
        after = tomlkit.dumps(document).encode()
    except (UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigError(
            f"The configuration {path} is not valid TOML: {error}. Mend that place by hand first."
        ) from error
    config = parse(after, path)
    if after != before:
        _replace(path, after)
    return config


def _section(document: MutableMapping[str, Any], names: list[str]) -> MutableMapping[str, Any]:
    """The table called `names`, made where it is missing; what is no table is left for `parse` to refuse."""
    import tomlkit

    table: Any = document
    for name in names:
        if not isinstance(table.get(name), MutableMapping):
            table[name] = tomlkit.table()
        table = table[name]
    found: MutableMapping[str, Any] = table
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(
            f"The configuration {path} cannot be read ({error.strerror}). Give yourself read access to it."
        ) from error


def _replace(path: Path, text: bytes) -> None:
    """Put `text` in place of the file in one step: a reader, or a power cut, sees the old or the new."""
    try:
        target = path.resolve()  # a link into a folder of dotfiles stays a link
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".config-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else NEW_FILE_MODE)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(
            f"The configuration {path} cannot be written ({error.strerror}); it is as it was. "
            "Make room and give yourself write access, then try again."
        ) from error
