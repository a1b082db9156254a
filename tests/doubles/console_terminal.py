"""A console in a process and a terminal of its own, 80×24, that can be closed as a dropped line closes it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path


class ConsoleTerminal:
    """The terminal's other end: what is written to it is read here."""

    def __init__(self, home: Path, *words: str, controlling: bool = True) -> None:
        """`words`: the command line. `controlling`: closing it sends signals."""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.console = subprocess.Popen(
            [sys.executable, "-m", "console", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"QUARTERDECK_HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None,
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self.seen = b""

    def read(self) -> bytes:
        """All that was written until now; once nobody has the other end open, nothing is added."""
        try:
            self.seen += os.read(self.master, 1 << 16)
        except OSError as err:
            # Linux answers with EIO where the last who had the terminal open is gone.
            if err.errno not in (errno.EAGAIN, errno.EIO):
                raise
        return self.seen

    def hang_up(self, patience_s: float) -> int:
        """Close it; the console's exit code. Raises TimeoutExpired."""
        os.close(self.master)
        return self.console.wait(patience_s)

    def end(self) -> None:
        """Whatever became of both."""
        self.console.kill()
        self.console.wait()
        with contextlib.suppress(OSError):
            os.close(self.master)
