"""The operator's orders to the node: asked about where they need it, given, and answered with a toast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.control.connection import Args
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

    def pause_until(self) -> None:
        """Ask for how long, then pause."""
        from console.tui.pauses import pause_choices, zone_of
        from console.tui.screens.choices import Choose

        now_ms = self._app.store.view().now_ms
        choices = pause_choices(now_ms, zone_of(self._app.zone_s, now_ms))

        def answered(until_ms: int | None) -> None:
            if until_ms is not None:
                self.give("pause", {"until_ms": until_ms} if until_ms else {})

        text = "Jobs that run are finished; then nothing new is taken. When is work to be taken again?"
        self._app.push_screen(Choose("Pause this node", text, choices), answered)

    def drain(self) -> None:
        """Ask, then drain."""
        text = "Jobs that run are finished, no new ones are taken, and the node stays out until you press p."
        self._confirm("Drain this node?", text, "Drain", "drain")

    def restart_engine(self) -> None:
        """Ask, then restart the engine."""
        text = "Jobs that run are given up and go to other nodes. This lowers the node's availability."
        self._confirm("Restart the engine?", text, "Restart", "restart_engine")

    def give(self, name: CommandName, args: Args | None = None) -> None:
        """Have the agent do something, and say what came of it."""
        self._app.run_worker(self._give(name, args), group="orders", exit_on_error=False)

    async def _give(self, name: CommandName, args: Args | None) -> None:
        answer = await self._app.source.command(name, args)
        self._app.say(answer.sentence or "Done.", "information" if answer.ok else "error")
        self._app.flush()

    def _confirm(self, title: str, text: str, action: str, name: CommandName) -> None:
        from console.tui.screens.dialogs import Confirm

        def answered(agreed: bool | None) -> None:
            if agreed:
                self.give(name)

        self._app.push_screen(Confirm(title, text, action), answered)
