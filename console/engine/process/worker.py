"""The worker: the one thread that owns llama.cpp. It loads, tests itself, then steps for ever.

Commands reach it through a queue and take effect between two steps; whatever it says goes through sinks.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from console.engine.port import Broken, GenerateRequest, ScoreRequest
from console.engine.process.batcher import Batcher
from console.engine.process.causes import Cause, ExitCode
from console.engine.process.gauges import Gauges
from console.engine.process.loading import Loaded, RefusedError, check_file, opened, scoring_context, tested
from console.engine.process.scorer import Scorer
from console.engine.process.scoring import ScoreSink
from console.engine.process.sequence import Sink
from console.engine.process.settings import Settings
from console.engine.process.turns import Turns


class Worker:
    """Start it, watch `loaded` and `failure`, send it commands."""

    def __init__(self, settings: Settings, on_failure: Callable[[Cause], None]) -> None:
        """`on_failure`: called once, on the worker's thread, when the model cannot be served (any more)."""
        self.settings = settings
        self.gauges = Gauges(settings.slots)
        self.doing = "Reading the model's file."
        self.loaded: Loaded | None = None
        self.failure: Cause | None = None
        self.after_step: Callable[[], None] = _nothing
        """Called on the worker's thread when a step's sinks have all been told."""
        self._on_failure = on_failure
        self._commands: queue.SimpleQueue[Callable[[Batcher, Scorer], None] | None] = queue.SimpleQueue()
        self._turns = Turns()
        self._thread = threading.Thread(target=self._run, name="llama", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask it to end after its present step; whether it did in time."""
        self._commands.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def generate(self, request: GenerateRequest, sink: Sink) -> None:
        """Queue a generation; `sink` is called on the worker's thread."""
        self._commands.put(lambda batcher, _: batcher.submit(request, sink))

    def score(self, request: ScoreRequest, sink: ScoreSink) -> None:
        """Queue a score; `sink` is called on the worker's thread."""
        self._commands.put(lambda _, scorer: scorer.submit(request, sink))

    def cancel(self, request_id: str) -> None:
        """End a generation or score before its next step."""
        self._commands.put(lambda batcher, scorer: _cancel(batcher, scorer, request_id))

    def _run(self) -> None:
        try:
            batcher, scorer = self._load()
        except RefusedError as refused:
            self._fail(refused.cause)
            return
        try:
            while self._take_commands(wait=not (batcher.busy or scorer.busy), parts=(batcher, scorer)):
                self.after_step()
                self._step(batcher, scorer)
                self.after_step()
        except Exception as error:
            print(f"The worker stopped on {type(error).__name__}.", file=sys.stderr, flush=True)
            self._fail(Cause(ExitCode.CRASHED, f"The engine stopped on an internal error: {_where(error)}."))

    def _step(self, batcher: Batcher, scorer: Scorer) -> None:
        scores_next = self._turns.scores_next(batcher.busy, scorer.busy)
        started_s = time.monotonic()
        if scores_next:
            scorer.step()
        else:
            batcher.step()
        self._turns.took(scores_next, time.monotonic() - started_s)

    def _take_commands(self, wait: bool, parts: tuple[Batcher, Scorer]) -> bool:
        while True:
            try:
                command = self._commands.get(block=wait)
            except queue.Empty:
                return True
            if command is None:
                return False
            command(*parts)
            wait = False

    def _load(self) -> tuple[Batcher, Scorer]:
        settings = self.settings
        check_file(settings)
        self.doing = "Loading the model."
        model, context = opened(settings)
        self.doing = "Checking that this machine's logits do not depend on how work is batched."
        self.loaded = loaded = tested(settings, model, context)
        batcher = Batcher(
            context, loaded.vocabulary, self.gauges, time.monotonic, settings.slots, settings.local
        )
        return batcher, Scorer(lambda: scoring_context(settings, model), self.gauges, time.monotonic)

    def _fail(self, cause: Cause) -> None:
        self.failure = cause
        self._on_failure(cause)


def _nothing() -> None:
    pass


def _cancel(batcher: Batcher, scorer: Scorer, request_id: str) -> None:
    if not batcher.cancel(request_id):
        scorer.cancel(request_id)


def _where(error: BaseException) -> str:
    """Type and place of an error, never its text: that might quote a prompt."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


def stopped() -> Broken:
    """What a stream is told when the process ends under it."""
    return Broken("unreachable", "The engine is stopping; the answer was not finished.")
