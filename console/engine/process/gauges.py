"""What health and metrics show: plain numbers, written by the worker, read by the server at any moment.

Every attribute is replaced in one assignment, so a reader never sees half of one. Counts and durations only:
no text, no token id.
"""

from __future__ import annotations

from collections import Counter, deque

from console.engine.port import SequenceNow

_RATE_WINDOW_S = 10.0


class Gauges:
    """Counters since the process started. Times are seconds of one steady clock."""

    def __init__(self, slots: int) -> None:
        """`slots`: sequences that can run at once."""
        self.slots = slots
        self.slots_busy = 0
        self.queued = 0
        self.scores = 0
        self.generated_tokens = 0
        self.prompt_tokens = 0
        self.reused_tokens = 0
        self.reused_prompts = 0
        self.first_token_ms = 0
        self.sequences: tuple[SequenceNow, ...] = ()
        self.outcomes: Counter[str] = Counter()
        self._progress_s: float | None = None
        self._started_s = 0.0
        self._decoding, self._prefilling = _Rate(), _Rate()

    @property
    def tokens_per_s_milli(self) -> int:
        """Over the last 10 s of steps that only decoded, × 1000."""
        return self._decoding.milli

    @property
    def prefill_per_s_milli(self) -> int:
        """Over the last 10 s of prefill, × 1000; a step that decodes too counts by its prompt rows."""
        return self._prefilling.milli

    def occupied(self, running: int, waiting: int, now_s: float) -> None:
        """Slots in use and generations that wait for one."""
        self.slots_busy, self.queued = running, waiting
        self._work_changed(now_s)

    def scoring(self, waiting: int, now_s: float) -> None:
        """Scores that are not done."""
        self.scores = waiting
        self._work_changed(now_s)

    def step_started(self, now_s: float) -> None:
        """A decode begins."""
        self._started_s = now_s

    def reused(self, tokens: int) -> None:
        """A prompt was admitted of which `tokens` need not be computed."""
        self.reused_tokens += tokens
        self.reused_prompts += tokens > 0

    def step_ended(self, now_s: float, prompt_rows: int, tokens: int, rows: int = 0) -> None:
        """A decode is over and its tokens are sampled. `rows`: all that were computed, prompts' included."""
        self.prompt_tokens += prompt_rows
        self.generated_tokens += tokens
        self._progress_s = now_s if self._has_work() else None
        duration_s = now_s - self._started_s
        if prompt_rows:
            self._prefilling.add(duration_s * prompt_rows / max(rows, prompt_rows), prompt_rows)
        elif tokens:
            self._decoding.add(duration_s, tokens)

    def first_token(self, duration_s: float) -> None:
        """Time from submission to first token of one generation."""
        self.first_token_ms = max(1, round(duration_s * 1000))

    def outcome(self, code: str) -> None:
        """A request is over: `generated`, `scored` or the code of what broke it."""
        self.outcomes[code] += 1

    def idle_ms(self, now_s: float) -> int:
        """Time without a finished step although there is work; 0 when there is none."""
        since_s = self._progress_s
        return 0 if since_s is None else max(0, round((now_s - since_s) * 1000))

    def _has_work(self) -> bool:
        return bool(self.slots_busy or self.queued or self.scores)

    def _work_changed(self, now_s: float) -> None:
        if not self._has_work():
            self._progress_s = None
        elif self._progress_s is None:
            self._progress_s = now_s


class _Rate:
    """So many per second over the last ten seconds of work."""

    def __init__(self) -> None:
        self.milli = 0
        self._steps: deque[tuple[float, int]] = deque()
        self._window_s = 0.0
        self._count = 0

    def add(self, duration_s: float, count: int) -> None:
        self._steps.append((duration_s, count))
        self._window_s += duration_s
        self._count += count
        while len(self._steps) > 1 and self._window_s > _RATE_WINDOW_S:
            gone_s, gone = self._steps.popleft()
            self._window_s -= gone_s
            self._count -= gone
        self.milli = round(self._count * 1000 / max(self._window_s, 1e-9))
