"""Folders and files of one Quarterdeck home.

A *home* is one folder that holds everything a node owns: identity, journal, logs, models, sockets. It is
`$QUARTERDECK_HOME` when set, else the platform's user data folder. Practice makes homes of its own.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

SOCKET_PATH_LIMIT = 100
"""Longest Unix socket path used, bytes: macOS's `sun_path` holds 104 with its final NUL."""


def data_dir() -> Path:
    """The home in force: `$QUARTERDECK_HOME`, else the platform's data folder for `quarterdeck`."""
    override = os.environ.get("QUARTERDECK_HOME")
    if override:
        return Path(override).expanduser().absolute()
    return Path(platformdirs.user_data_dir("quarterdeck", appauthor=False))


def config_file() -> Path:
    """The operator's `config.toml`: inside `$QUARTERDECK_HOME` when set, else the config folder."""
    if os.environ.get("QUARTERDECK_HOME"):
        return data_dir() / "config.toml"
    return Path(platformdirs.user_config_dir("quarterdeck", appauthor=False)) / "config.toml"


def user_themes_dir() -> Path:
    """Where the operator's own theme files are looked for."""
    return config_file().parent / "themes"


def last_seen_dir() -> Path:
    """Where consoles keep the last snapshot that they saw, one small file for each agent."""
    return data_dir() / "seen"


def models_dir() -> Path:
    """Where verified weights lie; `$QUARTERDECK_MODELS` shares one folder between homes."""
    override = os.environ.get("QUARTERDECK_MODELS")
    return Path(override).expanduser().absolute() if override else data_dir() / "models"


def make_private(folder: Path) -> Path:
    """Create `folder` with mode 0700 and return it.

    Raises:
        OSError: it cannot be created, e.g. the disk is full or a file is in the way.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def socket_path(home: Path, name: str) -> Path:
    """Path of the Unix socket `name` of `home`, moved to a short private folder when too long."""
    direct = home / f"{name}.sock"
    if len(os.fsencode(direct)) <= SOCKET_PATH_LIMIT:
        return direct
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"quarterdeck-{os.getuid()}"
    return make_private(short) / f"{digest}-{name}.sock"
