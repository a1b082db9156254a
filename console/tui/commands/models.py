"""What an operator can do on the screen Models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.tui.commands.base import Command, ScreenCommand

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp

MODELS = frozenset(("models",))


def _under_way(app: QuarterdeckApp, state: str) -> bool:
    """Whether some model is being fetched, or checked."""
    return any(model.state == state for model in app.store.view().state.models.models)


class Fetch(ScreenCommand):
    """Fetch the chosen model of the catalogue; while it is fetched, stop that."""

    id, key, label = "fetch", "f", "fetch"
    screens = MODELS
    changes = True

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        return "stop fetching" if _under_way(app, "fetching") else cls.label, cls.explanation()


class Verify(ScreenCommand):
    """Verify the chosen model: hash every byte of its file and compare; while that runs, stop it."""

    id, key, label = "verify", "v", "verify"
    screens = MODELS

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        return "stop checking" if _under_way(app, "checking") else cls.label, cls.explanation()


class Use(ScreenCommand):
    """Use the chosen model from the agent's next start on. Asks first, then offers the restart."""

    id, key, label = "use", "u", "use"
    screens = MODELS
    changes = True


COMMANDS: tuple[type[Command], ...] = (Fetch, Verify, Use)
