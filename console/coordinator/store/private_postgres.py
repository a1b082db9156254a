"""A PostgreSQL server in a folder of its own, reached by nobody else: for practice and tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from console.coordinator.children import die_with_parent
from console.coordinator.store.errors import StoreError

USER = "quarterdeck"
_START_S = 60.0
_DEBIAN = Path("/usr/lib/postgresql")
_UNPRIVILEGED = ("postgres", "nobody")
_SETTINGS = (
    "listen_addresses=", "fsync=on", "synchronous_commit=on", "max_connections=40", "shared_buffers=64MB",
)  # fmt: skip


def find_programs() -> Path:
    """The folder of `initdb` and `postgres`. Raises StoreError, with what to install."""
    candidates = sorted(_DEBIAN.glob("*/bin"), key=lambda path: -_number(path.parent.name))
    if (config := shutil.which("pg_config")) is not None:
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.insert(0, Path(said.stdout.strip()))
    if (on_path := shutil.which("initdb")) is not None:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if all((folder / name).is_file() for name in ("initdb", "postgres", "pg_isready", "createdb")):
            return folder
    raise StoreError(
        "PostgreSQL's server is not installed here. Install it (Debian, Ubuntu: apt-get install postgresql; "
        "Fedora: dnf install postgresql-server; macOS: brew install postgresql), then try again."
    )


class PrivatePostgres:
    """One server: its files, its socket and its log are in a temporary folder that only its user may enter.

    A server refuses to run as root; started by root, it runs as `postgres` or, where there is none, `nobody`.
    """

    def __init__(self) -> None:
        """Raises StoreError: PostgreSQL is not installed."""
        self._programs = find_programs()
        self._who = _user()
        self.folder = Path(tempfile.mkdtemp(prefix="quarterdeck-postgres-"))
        if self._who:
            shutil.chown(self.folder, self._who["user"], self._who["group"])
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Where a database of it is."""
        return f"postgres://{USER}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, on the files that are there. Raises StoreError, with its last words."""
        data = self.folder / "data"
        if not data.exists():
            self._run("initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        command = [str(self._programs / "postgres"), "-D", str(data), "-k", str(self.folder), *settings]
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn(command)  # after a kill, until the last of the old ones is gone
            if self._ready():
                return
            time.sleep(0.05)
        raise StoreError(f"The private PostgreSQL did not start: {self._last_words()}")

    def create(self, database: str) -> str:
        """Make a database; its address."""
        self._run("createdb", "-h", str(self.folder), "-U", USER, database)
        return self.url(database)

    def kill(self) -> None:
        """As a power cut would, but for what the disk has: every process of it, at once, unasked."""
        if self._process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(self._process.pid)
            for one in [server, *server.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it, and remove its folder: nothing of it needs to reach the disk first."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ready(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", USER]
        return subprocess.run(asked, check=False).returncode == 0

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=die_with_parent(),
                **self._who,
            )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            capture_output=True, text=True, cwd=self.folder, check=False, **self._who,
        )  # fmt: skip
        if done.returncode != 0:
            raise StoreError(f"PostgreSQL's {program} failed: {done.stderr.strip()[-300:]}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "log").read_text("utf-8", "replace").strip()[-300:]
        return "it said nothing."


def _user() -> dict[str, Any]:
    """Whom it runs as, where not as ourselves: arguments of `subprocess`."""
    if os.getuid() != 0:
        return {}
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            known = pwd.getpwnam(name)
            return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
    raise StoreError("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`.")


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
