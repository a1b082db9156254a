"""What a command is: one class for its key, palette entry, footer word, tooltip and help."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class Command(abc.ABC):
    """Something that an operator can do."""

    id: ClassVar[str]
    key: ClassVar[str]
    label: ClassVar[str]
    """The footer's word."""
    footer: ClassVar[bool] = True
    screens: ClassVar[frozenset[str]] = frozenset()
    """Where it exists; empty: everywhere."""
    changes: ClassVar[bool] = False
    """Whether it changes the node or its configuration, which a read-only console does not do."""

    @classmethod
    def explanation(cls) -> str:
        """What it does, in one sentence."""
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        """The footer's word and the explanation, as things stand now."""
        return cls.label, cls.explanation()

    @classmethod
    def binding(cls) -> Binding:
        """Its key, for Textual."""
        return Binding(
            cls.key, f"app.do('{cls.id}')", cls.label, show=cls.footer, id=cls.id, tooltip=cls.explanation()
        )

    @classmethod
    @abc.abstractmethod
    def run(cls, app: QuarterdeckApp) -> None:
        """Do it."""


class ScreenCommand(Command):
    """Something that a screen does itself: the screen in front has a method `do_<id>` for it."""

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.perform(cls.id)
