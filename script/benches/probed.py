"""The console with a probe in its loop: `python -m benches.probed OUT`, in a terminal.

Everything runs as in `quarterdeck`, but the app is a subclass that also asks to be woken every 10 ms and
keeps by how much that was late. At its end it writes `{news, lags}` to OUT: pairs of the monotonic clock in
seconds and, for `news`, messages taken so far; for `lags`, milliseconds late.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import console.tui.app as place
from console.__main__ import main
from console.control.link import News

EVERY_S = 0.01
NEWS: list[tuple[float, int]] = []
LAGS: list[tuple[float, float]] = []


class ProbedApp(place.QuarterdeckApp):
    """The product's app, watched."""

    # A relative path would be looked for beside this file.
    CSS_PATH = str(Path(place.__file__).with_name(place.QuarterdeckApp.CSS_PATH))

    def on_mount(self) -> None:
        """Textual calls this beside the app's own."""
        self._count = 0
        self._take = self.store.apply
        self.store.apply = self._counted  # type: ignore[method-assign]
        self.run_worker(self._probe(), group="probe", exit_on_error=False)

    def _counted(self, news: News) -> None:
        self._count += 1
        self._take(news)

    async def _probe(self) -> None:
        while True:
            asked_s = time.monotonic()
            await asyncio.sleep(EVERY_S)
            now_s = time.monotonic()
            LAGS.append((now_s, 1000 * (now_s - asked_s - EVERY_S)))
            NEWS.append((now_s, self._count))


if __name__ == "__main__":
    out = Path(sys.argv.pop())
    place.QuarterdeckApp = ProbedApp  # type: ignore[misc]
    try:
        main()
    finally:
        out.write_text(json.dumps({"news": NEWS, "lags": LAGS}))
