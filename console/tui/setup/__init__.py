"""First-run setup: an app of its own for a machine that has no node yet.

It shows what the machine is and collects choices; it writes nothing and starts nothing.
"""

from __future__ import annotations

from console.control.setup import Choices, SetupHost
from console.settings.config import ScreenConfig


def choose(host: SetupHost, screen: ScreenConfig) -> Choices | None:
    """Ask the operator; None when the setup was left."""
    from console.tui.setup.app import SetupApp

    app = SetupApp(host, screen)
    app.run(mouse=False)
    return app.chosen
