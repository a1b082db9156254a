"""`python -m console.agent`: the daemon in the foreground, or with `--detach` in a session of its own."""

from __future__ import annotations

import os
import subprocess
import sys

LOG = "agent.log"


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
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
