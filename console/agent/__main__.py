"""`python -m console.agent`: the daemon in the foreground, or with `--detach` in a session of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Exit code: 0 stopped, 1 failed, 2 wrong usage."""
    if "--detach" in sys.argv[1:]:
        return _detach([word for word in sys.argv[1:] if word != "--detach"])
    from console.agent.foreground import foreground

    return foreground(sys.argv[1:])


def _detach(arguments: list[str]) -> int:
    """Start the daemon in a new session and end at once, so that nobody has to reap it.

    The descriptor named by `--report-fd` is handed on; standard streams go to the file named by `--log`.
    """
    arguments = _from_here(arguments)
    log = arguments[arguments.index("--log") + 1]
    report = int(arguments[arguments.index("--report-fd") + 1])
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    subprocess.Popen(
        [sys.executable, "-m", "console.agent", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=descriptor,
        stderr=descriptor,
        start_new_session=True,
        pass_fds=(report,),
        cwd="/",
        env=_environment(),
    )
    return 0


def _from_here(arguments: list[str]) -> list[str]:
    """Relative paths made absolute, since the daemon lives in another folder than whoever started it."""
    words = list(arguments)
    for place, option in enumerate(words[:-1]):
        value = words[place + 1]
        if option in ("--home", "--config"):
            words[place + 1] = str(Path(value).expanduser().absolute())
        elif option == "--model":
            from console.models.inventory import settled

            words[place + 1] = settled(value, Path.cwd())
    return words


def _environment() -> dict[str, str]:
    folders = {
        name: str(Path(os.environ[name]).expanduser().absolute())
        for name in ("QUARTERDECK_HOME", "QUARTERDECK_MODELS")
        if os.environ.get(name)
    }
    return {**os.environ, **folders}


if __name__ == "__main__":
    sys.exit(main())
