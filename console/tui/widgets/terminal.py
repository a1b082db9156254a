"""A terminal that may go away at any moment: Textual's driver, which then neither waits nor begins anew.

It reaches into Textual 8.2.8 (`LinuxDriver`), where three things keep a console from ending with its
terminal: the thread that writes dies of the first error, and who writes after it waits for ever; the kernel
sends SIGCONT with SIGHUP, whereupon threads are started a second time; and without SIGHUP an ended input is
read without pause.
"""

from __future__ import annotations

import os
from typing import Any, Protocol, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class Line(Protocol):
    """What of a terminal's file is used."""

    def write(self, text: str, /) -> object:
        """Write, or hold back."""

    def flush(self) -> object:
        """Write what is held back."""

    def fileno(self) -> int:
        """The file descriptor."""


class Outlet:
    """The terminal's end of the line. Once a write failed, what is written goes nowhere."""

    def __init__(self, terminal: Line) -> None:
        self._terminal = terminal
        self.gone = False

    def write(self, text: str) -> None:
        """Write, or let it go."""
        if not self.gone:
            try:
                self._terminal.write(text)
            except OSError:
                self.gone = True

    def flush(self) -> None:
        """Pass on what is held back, or let it go."""
        if not self.gone:
            try:
                self._terminal.flush()
            except OSError:
                self.gone = True

    def fileno(self) -> int:
        """The terminal's file descriptor."""
        return self._terminal.fileno()


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal that can hang up."""

    def __init__(self, app: App[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self._outlet = Outlet(cast("Line", self._file))
        self._file = cast("Any", self._outlet)

    @property
    def gone(self) -> bool:
        """Whether nobody is there any more."""
        return self._outlet.gone or (self.input_tty and not os.isatty(self.fileno))

    def _sigcont_application(self, *_: object) -> None:
        """Go on after a suspension of our own. After any other stop the threads still run: whoever looks
        wants it painted anew, and a terminal that hung up wants nothing."""
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self._auto_restart and not self.gone:
            self._loop.call_soon_threadsafe(self._app.post_message, self.SignalResume())
