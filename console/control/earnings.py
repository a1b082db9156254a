"""What a node's work came to: days, models, penalties, and the price of the electricity. Frozen.

Three columns are kept apart and never smoothed over (DESIGN §7): *claimed* by the journal, *accepted* by
verdicts, *settled* by receipts. All three belong to the day on which the answer was finished; `earned` and
`penalised` belong to the day on which they were booked.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from console.control.statements import StatementsView
from console.protocol.ids import EvidenceId, JobId

DAYS_KEPT = 62
"""Two calendar months, so that the last whole month is always there."""
PENALTIES_KEPT = 50
DIFFERENCES_KEPT = 50


class DayView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One day of the operator's calendar. Amounts in nano-credits, times in milliseconds."""

    day: str
    """`2026-11-22`, local time."""
    jobs: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    earned: int = 0
    penalised: int = 0
    claimed: int = 0
    """What the answers finished that day earn at the rate that each assignment named."""
    passed: int = 0
    """Of that, what accepted verdicts cover."""
    settled: int = 0
    """Of that, what receipts have booked."""
    tokens: int = 0
    """Prompt and answer tokens of accepted answers."""
    worked_ms: int = 0
    """Time in which at least one job was being generated."""
    online_ms: int = 0
    """Time in which the node was ready for work and the network knew it."""
    energy_mwh: int = 0
    """Electricity, milliwatt hours, while the agent ran; see `PowerView.source`."""


class ModelEarnings(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model over the days that are kept."""

    name: str
    group: str
    jobs: int = 0
    accepted: int = 0
    rejected: int = 0
    tokens: int = 0
    earned: int = 0
    penalised: int = 0
    worked_ms: int = 0


class PenaltyView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rejected answer and what it cost."""

    job: JobId
    attempt: int
    at_ms: int
    rule: str
    """The step that failed: `structure`, `replay`, `recompute_exact`."""
    sentence: str
    amount: int
    """Nano-credits taken from bond and pending."""
    evidence: EvidenceId = EvidenceId("")
    until_ms: int = 0
    """When it no longer counts towards a suspension."""
    booked: bool = False
    """Whether its receipt has come; then an amount of 0 is what was taken."""


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job whose three columns do not agree although they should by now."""

    job: JobId
    attempt: int
    finished_ms: int
    claimed: int
    passed: int
    settled: int
    sentence: str


class PowerView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Electricity: what is drawn, whence that is known, and what it costs."""

    source: Literal["unknown", "measured", "given"] = "unknown"
    """`measured`: the GPUs' drivers say (GPUs alone); `given`: the operator's `[power] watts`."""
    watts_milli: int = 0
    """Drawn now."""
    price_micro: int = 0
    """Millionths of `currency` per kilowatt hour; 0: not given."""
    currency: str = ""
    credit_micro: int = 0
    """Millionths of `currency` that the operator reckons a credit at; 0: not given."""


class EarningsView(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it. `days` newest first, without gaps of meaning: a day without an entry had nothing."""

    days: tuple[DayView, ...] = ()
    models: tuple[ModelEarnings, ...] = ()
    penalties: tuple[PenaltyView, ...] = ()
    differences: tuple[Difference, ...] = ()
    undecided: int = 0
    """Answers that the network has and has not judged yet."""
    power: PowerView = PowerView()
    statements: StatementsView = StatementsView()
    """The epochs' statements, checked by this node."""


class EarningRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the export: a receipt, or an answer that has none. From the command `earnings`."""

    at_ms: int
    day: str
    job: JobId
    attempt: int
    model: str
    outcome: str
    """`accepted`, `rejected`, or the job's state while there is no verdict."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    claimed: int = 0
    reward: int = 0
    penalty: int = 0
    transaction: str = ""
    verdict: str = ""
