"""Orders about a model: asked about where they cost something, given, and answered with a toast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.control.connection import Args
from console.control.models import ModelView
from console.control.state import LIVE_JOB_STATES, NodeState
from console.control.wire import CommandName
from console.tui.screens.dialogs import Confirm

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class ModelOrders:
    """Gives orders through the app's source; `model` is the one under the cursor, None if there is none."""

    def __init__(self, app: QuarterdeckApp) -> None:
        self._app = app

    def fetch(self, model: ModelView | None) -> None:
        """Fetch `model`; or ask whether to stop what is being fetched."""
        fetching = self._in("fetching")
        if fetching is not None:
            text = "What has arrived is kept where the source can go on from there; a package begins anew."
            self._ask(f"Stop fetching {fetching.title}?", text, "Stop", lambda: self._give("cancel_fetch"))
        elif model is not None:
            self._give("fetch_model", {"name": model.name})

    def verify(self, model: ModelView | None) -> None:
        """Hash `model`; or stop the hashing."""
        if self._in("checking") is not None:
            self._give("cancel_fetch")
        elif model is not None:
            self._give("verify_model", {"name": model.name})

    def use(self, model: ModelView | None) -> None:
        """Ask, then choose `model` for the next start; what is chosen already is offered that start."""
        if model is None:
            return
        served = model.chosen and model.serving
        if served and self._state.engine.state not in ("waiting", "failed", "stopped"):
            self._app.say(f"{model.title} is served already, and after a restart too.")
        elif model.state in ("absent", "partial", "fetching"):
            self._app.say(f"{model.title} is not on this machine yet. f fetches it.", "warning")
        elif served:
            self._app.orders.restart_engine()
        elif model.chosen:
            self._offer_restart(model)
        else:
            self._ask_to_use(model)

    def _ask_to_use(self, model: ModelView) -> None:
        args: Args = {"name": model.name}
        action = "Use"
        text = (
            "It is written into the configuration as engine.model, and served once the agent was restarted. "
            "Until then nothing changes, and the jobs that run go on."
        )
        if model.fits is False:
            warning = f"It does not fit: {model.fit_sentence}. The engine may die for want of memory. "
            text, args, action = warning + text, {**args, "anyway": 1}, "Use anyway"

        def chosen() -> None:
            self._offer_restart(model)

        self._ask(f"Use {model.title}?", text, action, lambda: self._give("use_model", args, then=chosen))

    def _offer_restart(self, model: ModelView) -> None:
        live = sum(job.state in LIVE_JOB_STATES for job in self._state.jobs)
        jobs = f"{live} unfinished jobs are" if live != 1 else "1 unfinished job is"
        lowers = "given back to the network, which lowers the node's availability. "
        cost = f"{jobs} {lowers}" if live else "No job runs now. "
        away = "The node is away while it checks and loads the weights; this console waits for it."
        title = f"Restart the agent to serve {model.title}?"
        self._ask(title, cost + away, "Restart", lambda: self._give("restart_agent"))

    @property
    def _state(self) -> NodeState:
        return self._app.store.view().state

    def _in(self, state: str) -> ModelView | None:
        return next((model for model in self._state.models.models if model.state == state), None)

    def _ask(self, title: str, text: str, action: str, deed: Callable[[], None]) -> None:
        def answered(agreed: bool | None) -> None:
            if agreed:
                deed()

        self._app.push_screen(Confirm(title, text, action), answered)

    def _give(
        self, name: CommandName, args: Args | None = None, then: Callable[[], None] | None = None
    ) -> None:
        self._app.run_worker(self._ordered(name, args, then), group="orders", exit_on_error=False)

    async def _ordered(self, name: CommandName, args: Args | None, then: Callable[[], None] | None) -> None:
        answer = await self._app.source.command(name, args)
        self._app.say(answer.sentence or "Done.", "information" if answer.ok else "error")
        if answer.ok and then is not None:
            then()
        self._app.flush()
