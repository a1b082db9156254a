"""The operator's orders to the node: asked about where they need it, given, and answered with a toast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.control.wire import CommandName

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class Orders:
    """Gives orders through the app's source."""

    def __init__(self, app: QuarterdeckApp) -> None:
        self._app = app

    def pause_or_resume(self) -> None:
        """The one that is called for."""
        switches = self._app.store.view().state.switches
        self.give("resume" if switches.paused or switches.draining else "pause")

    def drain(self) -> None:
        """Ask, then drain."""
        text = "Jobs that run are finished, no new ones are taken, and the node stays out until you press p."
        self._confirm("Drain this node?", text, "Drain", "drain")

    def restart_engine(self) -> None:
        """Ask, then restart the engine."""
        text = "Jobs that run are given up and go to other nodes. This lowers the node's availability."
        self._confirm("Restart the engine?", text, "Restart", "restart_engine")

    def give(self, name: CommandName) -> None:
        """Have the agent do something, and say what came of it."""
        self._app.run_worker(self._give(name), group="orders", exit_on_error=False)

    async def _give(self, name: CommandName) -> None:
        answer = await self._app.source.command(name)
        self._app.say(answer.sentence or "Done.", "information" if answer.ok else "error")
        self._app.flush()

    def _confirm(self, title: str, text: str, action: str, name: CommandName) -> None:
        from console.tui.screens.dialogs import Confirm

        def answered(agreed: bool | None) -> None:
            if agreed:
                self.give(name)

        self._app.push_screen(Confirm(title, text, action), answered)
