"""`script/bench verification`: real cheats against the real model, honest answers, and what it costs.

Parts, by `--only`: `honest` (exactness under continuous batching), `exact` and `tolerant` (the cheats, and
honest answers among them), `bound` (many more honest answers in tolerant mode), `cost`, `switches` (their
price on true K-quants). `--jobs` and `--tokens` shrink it; `--second-build` compiles a llama.cpp without
AVX-512 for `tolerant` and `bound`, which are left out without it; `--keep DIR` leaves answers, raw figures
and the tables in Markdown there, and takes up from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benches import structure_cheats
from benches.cheat_runs import Runs
from benches.cheats import HONEST, QUANTISATIONS, Played
from benches.costs import recompute_cost, savings, switches_price
from benches.detection import LENGTHS, WHOLE, Looked, by_tolerant, look, look_forged, mismatches
from benches.intervals import Share
from benches.rows import Row, say
from benches.running_bench import running_rows
from benches.second_build import FOLDER, build_seconds, second_build
from benches.synthetic import true_k_quants
from benches.verification_exact import honest
from benches.verification_tables import (
    exact_counter,
    markdown,
    replay_counter,
    rows,
    tolerant_counter,
)
from console.coordinator.calibrate import measure as measure_honest
from console.engine.answering import Answered
from console.engine.honest_runs import Scored
from console.engine.port import EngineError
from console.engine.process import log
from console.engine.quantise import requantise
from console.models import STARTER, fetch
from console.settings.paths import make_private, models_dir
from console.verification.calibrating import Condition, calibrate
from console.verification.calibration import UNLIKE, Calibration

PARTS = ("honest", "exact", "tolerant", "bound", "cost", "switches")
JOBS, TOKENS = 16, 256
BOUND_JOBS = 160
"""Twice as many honest answers bound the false positives: of 299 without one they are below 1 % (95 %)."""
HONEST_TOKENS = 12500
"""Per file, over four files."""
CALIBRATION_TOKENS = 3000


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything lies."""

    folder: Path
    model: Path
    jobs: int
    tokens: int

    def parts(self, only: frozenset[str]) -> Iterator[Row]:
        """The rows of each part that is wanted."""
        if "honest" in only:
            yield from self._honest()
        if only & {"exact", "tolerant"}:
            yield from self._cheats(only)
        if "bound" in only:
            yield from self._bound()
        if "cost" in only:
            yield from recompute_cost(self.model, min(self.jobs, 6))
            yield from savings(self.model, dict(self._smaller()))
        if "switches" in only:
            yield from switches_price(self.model, self.folder)

    def _honest(self) -> Iterator[Row]:
        """Exactness over four files, one of them of true K-quants."""
        wanted = max(1, HONEST_TOKENS * self.jobs * self.tokens // (JOBS * TOKENS))
        total = differing = 0
        for path in self._files():
            found = honest(path, wanted)
            (self.folder / f"exact-{path.stem}.json").write_text(json.dumps(found, indent=1))
            total, differing = total + found["tokens"], differing + found["positions_differing"]
            yield Row(f"honest, exact: {path.stem}: tokens", found["tokens"], "tokens")
            yield Row(f"honest, exact: {path.stem}: tokens that differ", found["positions_differing"], "", 0)
        bound = Share(differing, total).upper95()
        yield Row("honest, exact: all tokens", total, "tokens")
        yield Row("honest, exact: share that differs, 95 % upper bound", bound, "")

    def _files(self) -> Iterator[Path]:
        yield self.model
        smaller = dict(self._smaller())
        yield smaller["Q8_0"]
        yield smaller["Q4_0"]
        yield true_k_quants(self.model, self.folder)

    def _smaller(self) -> Iterator[tuple[str, Path]]:
        for kind in QUANTISATIONS:
            path = self.folder / f"{kind}.gguf"
            if not path.exists():
                asyncio.run(requantise(self.model, path, kind))
            yield kind, path

    def _cheats(self, only: frozenset[str]) -> Iterator[Row]:
        runs = Runs(self.folder, self.model, self.jobs, self.tokens)
        played = runs.played()
        ours = runs.scored(played)
        played = [*played, *_with_true_prefill(played, ours)]
        ours |= {name: ours[name.removesuffix(TRUE_PREFILL)] for name in (one.name for one in played)}
        if "exact" in only:
            yield from self._exact(played, ours)
        if "tolerant" in only and (FOLDER / "llama_cpp").exists():
            theirs = runs.scored([one for one in played if TRUE_PREFILL not in one.name], str(FOLDER))
            theirs |= {one.name: theirs[one.name.removesuffix(TRUE_PREFILL)] for one in played}
            yield from self._tolerant(played, ours, theirs)
        elif "tolerant" in only:
            say("tolerant is left out: it needs `--second-build` once, for another class of processor")

    def _exact(self, played: list[Played], ours: dict[str, Scored]) -> Iterator[Row]:
        say("judging in exact mode")
        plain, bent = _sides(played, ours, ours)
        self._table("exact.md", markdown("exact mode, as it is", plain, exact_counter))
        self._table("exact-forged.md", markdown("exact mode, made to replay", bent, exact_counter))
        self._table("replay.md", markdown("replay alone", _caught_by_replay(plain), replay_counter))
        wrong = exact_counter(plain.pop(HONEST), 0)
        yield Row("exact: honest answers rejected", wrong.found, f"of {wrong.of}", 0)
        yield from rows("exact", plain, exact_counter, goal=True)
        yield from rows("exact, made to replay", bent, exact_counter, goal=True)
        yield from structure_cheats.rows(played, self.model)

    def _tolerant(
        self, played: list[Played], ours: dict[str, Scored], theirs: dict[str, Scored]
    ) -> Iterator[Row]:
        made = self._calibration(theirs[HONEST].profile.class_id)
        say("judging in tolerant mode")
        plain, bent = _sides(played, ours, theirs)
        count = tolerant_counter(made)
        self._table("tolerant.md", markdown("tolerant mode, as it is", plain, count))
        self._table("tolerant-forged.md", markdown("tolerant mode, made to replay", bent, count))
        genuine = plain.pop(HONEST)
        yield Row("second build: compiled in", build_seconds(), "s")
        yield from _rejected("tolerant", genuine, made)
        for name, looked in {HONEST: genuine, **plain}.items():
            yield Row(f"tolerant: other token than the reference: {name}", mismatches(looked).value, "share")
        yield from rows("tolerant", plain, count, goal=False)
        yield from rows("tolerant, made to replay", bent, count, goal=False)
        yield from running_rows(genuine, plain, made)

    def _bound(self) -> Iterator[Row]:
        """Honest answers of one class before a verifier of another, more of them than the cheats need."""
        if not (FOLDER / "llama_cpp").exists():
            say("bound is left out: it needs `--second-build` once, for another class of processor")
            return
        runs = Runs(self.folder / "bound", self.model, BOUND_JOBS * self.jobs // JOBS, self.tokens)
        answers = runs.played((HONEST,))
        theirs = runs.scored(answers, str(FOLDER))[HONEST]
        made = self._calibration(theirs.profile.class_id)
        genuine = look(answers[0].answers, [one.blob for one in answers[0].answers], theirs.blobs)
        yield Row("bound: honest answers", len(genuine), "answers")
        yield Row("bound: honest tokens", sum(one.tokens for one in genuine), "tokens")
        yield Row("bound: tokens that differ", mismatches(genuine).value, "share")
        yield from _rejected("bound", genuine, made)

    def _calibration(self, verifier_class: str) -> Calibration:
        """Made from other prompts than the bench's, for the second build as the verifier."""
        kept = self.folder / "calibration.json"
        if kept.exists():
            return msgspec.json.decode(kept.read_bytes(), type=Calibration)
        say("calibrating the second build as a verifier")
        tokens = max(1000, CALIBRATION_TOKENS * self.jobs // JOBS)
        with tempfile.TemporaryDirectory(prefix="quarterdeck-bench-") as folder:
            found = asyncio.run(
                measure_honest(self.model, tokens, 1, "", Path(folder), scored_in=str(FOLDER))
            )
        return self._keep_calibration(found[0], verifier_class)

    def _keep_calibration(self, conditions: Sequence[Condition], verifier_class: str) -> Calibration:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        made = calibrate(conditions, STARTER.sha256, UNLIKE, verifier_class, today)
        (self.folder / "conditions.json").write_bytes(msgspec.json.encode(conditions))
        (self.folder / "calibration.json").write_bytes(msgspec.json.encode(made))
        return made

    def _table(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text + "\n")


TRUE_PREFILL = ", decoded cheaply, true logprobs"


def _with_true_prefill(played: Sequence[Played], scored: dict[str, Scored]) -> Iterator[Played]:
    """A smaller model's tokens with the candidates of a prefill by the true one."""
    for one in played:
        if one.name in ("Q8_0", "Q4_0", "Q2_K"):
            pairs = zip(one.answers, scored[one.name].blobs, strict=True)
            answers = tuple(Answered(answer.asked, answer.token_ids, blob) for answer, blob in pairs)
            yield Played(one.name + TRUE_PREFILL, answers)


def _sides(
    played: Sequence[Played], ours: dict[str, Scored], theirs: dict[str, Scored]
) -> tuple[dict[str, Sequence[Looked]], dict[str, Sequence[Looked]]]:
    """Each cheat as it is; and made to replay, where as it is replay objects to it."""
    plain: dict[str, Sequence[Looked]] = {}
    bent: dict[str, Sequence[Looked]] = {}
    for one in played:
        blobs = ours[one.name].blobs, theirs[one.name].blobs
        plain[one.name] = look(one.answers, *blobs)
        if any(looked.replay.any() for looked in plain[one.name]):
            bent[one.name] = look_forged(one.answers, *blobs)
    return plain, bent


def _rejected(part: str, genuine: Sequence[Looked], made: Calibration) -> Iterator[Row]:
    """False positives by length, each with what they are at most."""
    for length in (*LENGTHS, WHOLE):
        wrong = by_tolerant(genuine, length, made)
        if wrong.of:
            what = f"stretches of {length}" if length else "whole answers"
            name = f"{part}: honest {what} rejected"
            yield Row(name, wrong.found, f"of {wrong.of}")
            yield Row(f"{name}, 95 % upper bound", wrong.upper95(), "share", 0.01 if length == 16 else None)


def _caught_by_replay(sides: dict[str, Sequence[Looked]]) -> dict[str, Sequence[Looked]]:
    return {name: looked for name, looked in sides.items() if any(one.replay.any() for one in looked)}


def measure(
    only: frozenset[str] = frozenset(PARTS),
    jobs: int = JOBS,
    tokens: int = TOKENS,
    build: bool = False,
    keep: Path | None = None,
) -> list[Row]:
    """All rows of the parts in `only`.

    Raises:
        ValueError: there is no such part.
        RuntimeError: something could not be measured.
    """
    if unknown := only - set(PARTS):
        raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    if build:
        second_build()
    log.listen()
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quarterdeck-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            model = fetch(STARTER, make_private(models_dir()))
            found = list(Bench(folder, model, jobs, tokens).parts(only))
        except EngineError as error:
            raise RuntimeError(str(error)) from error
    return found
