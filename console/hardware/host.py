"""Checks of the system around the program: its clock and its data folder."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
import tempfile
from pathlib import Path

from .checks import fine
from .facts import Finding

CLOCK_EARLIEST_S = 1_764_547_200
"""1 December 2025, before this program existed; a clock that shows less has lost its time."""

CLOCK_LATEST_S = 4_102_444_800
"""1 January 2100."""

DAY_S = 86_400
TIME_ERROR = 5
"""adjtimex's answer when nothing keeps the clock in step (linux/timex.h)."""

PRIVATE_MODE = 0o700


def clock(now_s: float, installed_s: float, kept: bool | None) -> Finding:
    """Whether the clock can be right.

    Args:
        now_s: the clock, Unix seconds.
        installed_s: when this program's files were written, Unix seconds.
        kept: whether the system keeps the clock in step; None when it does not tell.
    """
    seen = f"{now_s:.0f} s since 1970"
    if not max(CLOCK_EARLIEST_S, installed_s - DAY_S) <= now_s <= CLOCK_LATEST_S:
        meaning = "The clock is wrong by days or more; sign-in and leases will be refused."
        return Finding("clock", "fail", seen, meaning, "Set the clock: sudo timedatectl set-ntp true")
    if kept is False:
        meaning = "Nothing keeps this clock in step; it may drift until leases look late."
        remedy = "Start a time service, e.g. systemd-timesyncd or chrony. In a container: on its host."
        return Finding("clock", "warn", "not synchronised", meaning, remedy)
    meaning = "The clock is kept in step." if kept else "The clock shows a plausible time."
    return fine("clock", "synchronised" if kept else seen, meaning)


def clock_kept() -> bool | None:
    """Linux: whether the kernel believes its clock to be synchronised. Elsewhere not known."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        # struct timex is 208 bytes on 64-bit; mode 0 at its start only reads.
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != TIME_ERROR


def installed_s() -> float:
    """When this program's own files were last written, Unix seconds; 0 when that cannot be told."""
    try:
        return Path(__file__).stat().st_mtime
    except OSError:
        return 0.0


def data_folder(folder: Path) -> Finding:
    """Whether the data folder, which holds the identity key, is ours, private and writable."""
    if not folder.exists():
        return _not_yet(folder)
    seen = str(folder)
    try:
        state = folder.stat()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        meaning = f"Nothing can be written there: {error.strerror or error}."
        remedy = "Make it a folder that you own, or set QUARTERDECK_HOME to another one."
        return Finding("data_folder", "fail", seen, meaning, remedy)
    return _modes(folder, state)


def _not_yet(folder: Path) -> Finding:
    parent = next((p for p in folder.parents if p.exists()), folder)
    if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
        return fine("data_folder", f"{folder} (not there yet)", "It is made when the node first starts.")
    meaning = f"The folder is not there, and {parent} does not let it be made."
    remedy = "Set QUARTERDECK_HOME to a folder that you may write to."
    return Finding("data_folder", "fail", str(folder), meaning, remedy)


def _modes(folder: Path, state: os.stat_result) -> Finding:
    if sys.platform == "win32":
        return fine("data_folder", str(folder), "It can be written.")
    mode = stat.S_IMODE(state.st_mode)
    seen = f"{folder}, mode {mode:04o}"
    if state.st_uid != os.geteuid():
        meaning = "The data folder, which holds the node's key, belongs to another user."
        remedy = f'Take it over: sudo chown -R "$USER" {folder}'
        return Finding("data_folder", "fail", f"{seen}, owner {state.st_uid}", meaning, remedy)
    if mode & ~PRIVATE_MODE & 0o777:
        meaning = "Other users of this machine can look into the folder that holds the node's key."
        return Finding("data_folder", "warn", seen, meaning, f"Close it: chmod 700 {folder}")
    return fine("data_folder", seen, "It is private and can be written.")
