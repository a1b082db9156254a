"""What line mode says of news: one line for each thing that changed, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from console.control.link import Lost, News
from console.control.state import NodeState, Note
from console.control.wire import Hello
from console.ledger.figures import credits
from console.protocol.ids import short
from console.protocol.reasons import label
from console.tui.rows import clean
from console.tui.store import ViewStore
from console.tui.views.words import MODE_WORDS


class Teller:
    """Turns news into lines, and says nothing twice. Pure but for the store it reduces into."""

    def __init__(self, clock: Callable[[], int] = lambda: 0) -> None:
        self.store = ViewStore(clock)
        self._said_reason = ""
        self._verdicts_told: tuple[str, int] | None = None
        self._note_told: Note | None = None
        self._lost = False

    def lines(self, news: News) -> Iterator[str]:
        """What is to be said of one message."""
        if isinstance(news, Hello):
            return
        first = self.store.view().phase == "attaching"
        self.store.apply(news)
        if isinstance(news, Lost):
            if not self._lost:
                yield f"{'NO AGENT' if news.retry_s > 0 else 'ENDED'}: {clean(news.sentence)}"
            self._lost = True
            return
        state = self.store.view().state
        words = f"{clean(state.reason.sentence)} {clean(state.reason.remedy)}".rstrip()
        reason = f"{label(state.reason.code)}: {words}"
        if reason != self._said_reason or self._lost:
            self._said_reason, self._lost = reason, False
            yield reason
        yield from self._new_verdicts(state, quiet=first)
        yield from self._new_notes(state, quiet=first)

    def _new_verdicts(self, state: NodeState, *, quiet: bool) -> Iterator[str]:
        new = []
        for verdict in state.verdicts:
            if (verdict.job, verdict.attempt) == self._verdicts_told:
                break
            new.append(verdict)
        if state.verdicts:
            self._verdicts_told = (state.verdicts[0].job, state.verdicts[0].attempt)
        for verdict in [] if quiet else reversed(new):
            mode = MODE_WORDS.get(verdict.mode, verdict.mode)
            today = credits(state.money.today_earned, sign=True)
            yield f"{verdict.outcome} {short(verdict.job)} ({mode}), today {today}: {clean(verdict.sentence)}"

    def _new_notes(self, state: NodeState, *, quiet: bool) -> Iterator[str]:
        new = _newer(state.notes, self._note_told)
        if state.notes:
            self._note_told = state.notes[0]
        for note in [] if quiet else reversed(new):
            yield f"{note.level} {clean(note.room)}: {clean(note.text)}"


def _newer(notes: Sequence[Note], told: Note | None) -> Sequence[Note]:
    """Those above the one that was told last, whatever their times; by their times when it is gone."""
    if told is None:
        return notes
    if told in notes:
        return notes[: notes.index(told)]
    return [note for note in notes if note.at_ms > told.at_ms]
