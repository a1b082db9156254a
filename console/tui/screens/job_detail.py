"""One job's evidence, asked of the agent when it is opened and whenever the job has moved on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.state import JobView
from console.control.wire import Answer, Check, JobDetail
from console.protocol.ids import JobId, short
from console.tui.commands import bindings
from console.tui.rows import Row, row, rule, wrap
from console.tui.screens.copying import Copyable
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views.detail import Again, evidence
from console.tui.widgets.page import Page
from console.tui.widgets.panel import Style

ASKS, ASK_EVERY_S = 120, 0.5
"""A recomputation may take its time; each ask waits for it at the agent for a while by itself."""
WHOLE_ID_FROM = 70
HELP = (
    "The chain at the top says how far this machine's own checks carry the evidence: ✓ checked here, ✗ "
    "wrong, · not checked (the reason stands with it), ○ to come. n goes to the next part, x judges the "
    "answer again on this machine's engine, Escape goes back."
)


class EvidencePage(Page):
    """A page that looks old while the agent is out of reach."""

    help_text = HELP

    def __init__(self, rows_for: Callable[[int], Sequence[Row]], is_old: Callable[[], bool]) -> None:
        super().__init__(rows_for)
        self._is_old = is_old

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The rows from `top` on."""
        return super().draw(width, height)[0], self._is_old()


class JobScreen(RoomScreen):
    """Draw, result, verdict, receipt and ledger entries of one attempt, with this machine's own checks."""

    room: ClassVar[str] = "job"
    AUTO_FOCUS = "#page"
    BINDINGS = bindings("job")

    def __init__(self, job: JobId, attempt: int, *, again: bool = False) -> None:
        """`again`: judge the answer again at once."""
        super().__init__()
        self.job = job
        self.attempt = attempt
        self.detail: JobDetail | None = None
        self.sentence = "Asking the agent…"
        self.again: Again | None = None
        self._at_once = again
        self._loading = False
        self._starts: tuple[int, ...] = ()

    def panels(self) -> ComposeResult:
        """One page."""
        yield EvidencePage(self._page_rows, lambda: self.view is not None and self.view.stale)

    @property
    def page(self) -> Page:
        """What is read here."""
        return self.query_one(EvidencePage)

    def plan(self, size: Size) -> Plan:
        """The page fills the screen."""
        placed, top = self.edges(size)
        placed["page"] = (Region(0, top, size.width, max(0, size.height - top - 1)), Style())
        return placed

    def on_mount(self) -> None:
        """Ask for the evidence."""
        super().on_mount()
        if not self._loading:
            self.reload()
        if self._at_once:
            self.do_recompute()

    def reload(self) -> None:
        """Ask the agent anew."""
        self._loading = True
        self.run_worker(self._load(), group="evidence", exclusive=True, exit_on_error=False)

    async def _load(self) -> None:
        answer = await self._ask("job")
        self._loading = False
        self.sentence = answer.sentence
        if answer.ok:
            try:
                self.detail = msgspec.json.decode(answer.result, type=JobDetail)
            except msgspec.MsgspecError as error:
                self.sentence = f"The agent's answer is not understood ({error}). Is it of another version?"
        self.page.redraw()

    async def _ask(self, name: str) -> Answer:
        arguments: dict[str, str | int] = {"job": self.job, "attempt": self.attempt}
        return await self.quarterdeck.source.command("job" if name == "job" else "recompute", arguments)

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """Follow the job: its figures at once, its evidence when it has moved on."""
        super().taken(view, dirty)
        if not self.is_mounted or not dirty & {"jobs", "link"}:
            return
        job = view.book.get((self.job, self.attempt))
        known = self.detail
        if known is None:
            if not self._loading:
                self.reload()
        elif job is not None and _moved_on(known.view, job):
            self.reload()
        elif job is not None:
            self.detail = msgspec.structs.replace(known, view=job)
        self.page.redraw()

    def copyable(self) -> list[Copyable]:
        """The ids that the evidence is known by elsewhere."""
        things, detail = [Copyable("job", self.job)], self.detail
        if detail is not None:
            if detail.verdict is not None:
                things.append(Copyable("evidence", detail.verdict.id))
            if detail.receipt is not None:
                things.append(Copyable("transaction", detail.receipt.transaction.id))
            if detail.commitment:
                things.append(Copyable("commitment", detail.commitment))
            if detail.draw is not None:
                proof = detail.draw
                things.append(Copyable("roster root", proof.ticket.roster_root))
                things += [Copyable("seed", proof.seed), Copyable("nonce", proof.nonce)]
        return [*things, *super().copyable()]

    def do_recompute(self) -> None:
        """Judge the answer again on this machine."""
        self.again = Again(sentence="Asking the agent to judge this answer again…")
        self.page.top = 0
        self.page.redraw()
        self.run_worker(self._recompute(), group="again", exclusive=True, exit_on_error=False)

    async def _recompute(self) -> None:
        for _ in range(ASKS):
            answer = await self._ask("recompute")
            self.again = _again(answer)
            self.page.redraw()
            if not (answer.ok and answer.sentence):
                return
            await asyncio.sleep(ASK_EVERY_S)

    def do_next_section(self) -> None:
        """Scroll on to where the next part begins; from the end, to the top again."""
        below = [start for start in self._starts if start > self.page.top]
        last = max(0, self.page.length - self.page.size.height)
        self.page.top = min(below[0], last) if below and self.page.top < last else 0
        self.page.redraw()

    def _page_rows(self, width: int) -> list[Row]:
        name = self.job if width >= WHOLE_ID_FROM else short(self.job)
        title = rule(f"Job {name}, attempt {self.attempt}", width, focus=True)
        if self.detail is None:
            self._starts = ()
            return [title, (), *(row(f"   {line}") for line in wrap(self.sentence, width - 6))]
        page = evidence(self.detail, width, self.quarterdeck.zone_s, self.again)
        self._starts = tuple(start + 1 for start in page.starts)
        return [title, *page.rows]


def _moved_on(known: JobView, job: JobView) -> bool:
    return (known.state, known.settled, known.outcome) != (job.state, job.settled, job.outcome)


def _again(answer: Answer) -> Again:
    if not answer.ok:
        return Again(sentence=answer.sentence)
    try:
        return Again(msgspec.json.decode(answer.result, type=tuple[Check, ...]), answer.sentence)
    except msgspec.MsgspecError:
        return Again(sentence="The agent's answer is not understood. Is it of another version?")
