"""The cheats, played with real models: what a node would send, beside what the network asked of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from benches import cheat_prompts
from benches.cheat_prompts import seed_of
from benches.rows import say
from console.engine.answering import Answered, Asked, Pick, answer_together, honest_pick
from console.engine.process.context import Context
from console.engine.process.model import Model
from console.verification.commitment import pack, unpack
from console.verification.noise import gumbel
from console.verification.sampling import GRID, Candidates, choose

TOGETHER = 8
CONTEXT = 1024
CUT_AT = 40
SEEDS = 4
QUANTISATIONS = ("Q8_0", "Q4_0", "Q3_K_M", "Q2_K")


class Played(msgspec.Struct, frozen=True):
    """What one kind of node sent."""

    name: str
    answers: tuple[Answered, ...]


class Stage:
    """The true model and the false ones, and who plays what."""

    def __init__(self, model: Path, folder: Path, count: int, tokens: int, threads: int = 1) -> None:
        """`folder`: has `SMALLER.gguf` of each quantisation. Raises LoadError."""
        self._folder = folder
        self._count, self._tokens, self._threads = count, tokens, threads
        self.model = Model(model, 0)
        self._context = self._open(self.model)
        self._end_ids = frozenset(self.model.end_ids())
        self.jobs = cheat_prompts.jobs(self.model, 2 * count, tokens)

    def make(self, name: str, honest: Callable[[], tuple[Answered, ...]]) -> Played:
        """One of `NAMES`; several are made from the honest answers of an earlier play."""
        few = self.jobs[: self._count]
        if name == HONEST:
            return self._generate(name, self.jobs)
        if name in QUANTISATIONS:
            return self._smaller(name)
        if name in PICKS:
            return self._generate(name, few, PICKS[name])
        if name == SPONSORED:
            return self._sponsored()
        if name == BEST_SEED:
            return self._best_seed()
        return self._remade(name, honest()[: self._count])

    def _smaller(self, kind: str) -> Played:
        model = Model(self._folder / f"{kind}.gguf", 0)
        context = self._open(model)
        try:
            return self._generate(kind, self.jobs[: self._count], context=context)
        finally:
            context.close()

    def _sponsored(self) -> Played:
        asked = cheat_prompts.sponsored(self.model, self._count, self._tokens)
        played = self._generate(SPONSORED, asked)
        claimed = tuple(
            Answered(job, one.token_ids, one.blob)
            for job, one in zip(self.jobs, played.answers, strict=False)
        )
        return msgspec.structs.replace(played, answers=claimed)

    def _best_seed(self) -> Played:
        """Four seeds of its own for each job; the most confident answer is sent."""
        few = self.jobs[: max(1, self._count // 4)]
        tries = [
            [msgspec.structs.replace(job, seed=seed_of(n, f"own {k}")) for n, job in enumerate(few)]
            for k in range(SEEDS)
        ]
        played = [self._generate(f"own seed {k + 1} of {SEEDS}", asked) for k, asked in enumerate(tries)]
        chosen = tuple(
            _claimed(job, max((side.answers[n] for side in played), key=_confidence))
            for n, job in enumerate(few)
        )
        return Played(BEST_SEED, chosen)

    def _remade(self, name: str, honest: tuple[Answered, ...]) -> Played:
        """Cheats that generate nothing: honest answers to something else."""
        if name == OWN_SEED:
            made = [_claimed(_with_seed(one.asked, seed_of(n, "other")), one) for n, one in enumerate(honest)]
        elif name == COPIED:
            turned = [*honest[1:], honest[0]]
            made = [_claimed(job.asked, one) for job, one in zip(honest, turned, strict=True)]
        else:
            made = [self._cut(one) for one in honest]
        return Played(name, tuple(made))

    def _cut(self, one: Answered) -> Answered:
        """Ended early by an end token in the place of the real one."""
        ids = (*one.token_ids[:CUT_AT][:-1], min(self._end_ids))
        return Answered(one.asked, ids, pack(list(unpack(one.blob)[: len(ids)])))

    def _generate(
        self, name: str, asked: list[Asked], pick: Pick = honest_pick, context: Context | None = None
    ) -> Played:
        started_s = time.monotonic()
        answers: list[Answered] = []
        for first in range(0, len(asked), TOGETHER):
            part = asked[first : first + TOGETHER]
            answers += answer_together(context or self._context, part, self._end_ids, pick)
        seconds = time.monotonic() - started_s
        tokens = sum(len(one.token_ids) for one in answers)
        say(f"{name}: {tokens} tokens, {tokens / seconds:.0f} a second")
        return Played(name, tuple(answers))

    def _open(self, model: Model) -> Context:
        return Context(model, CONTEXT, self._threads, TOGETHER)


def altered_at(asked: Asked) -> int:
    """The position at which `one token altered` strikes: 8 to 39, by the job."""
    return 8 + hashlib.sha256(asked.seed).digest()[0] % 32


def _altering(row: Candidates, asked: Asked, position: int) -> int:
    """The seed's second choice at one position, its first at all others."""
    if position != altered_at(asked):
        return honest_pick(row, asked, position)
    noise = gumbel(asked.seed, position, row["id"].astype(np.int64))
    scores = row["q"].astype(np.float64) * (1000.0 / (GRID * asked.temperature_milli)) + noise
    return int(row["id"][int(np.argsort(scores)[-2])])


ALTERED = "one token altered"
PICKS: dict[str, Pick] = {
    "greedy": lambda row, asked, t: int(row["id"][0]),
    "temperature 0.7": lambda row, asked, t: choose(row, asked.seed, t, 700),
    "temperature 1.3": lambda row, asked, t: choose(row, asked.seed, t, 1300),
    ALTERED: _altering,
}
HONEST, SPONSORED, BEST_SEED = "honest", "hidden system prompt", f"chosen seed, best of {SEEDS}"
OWN_SEED, COPIED, CUT = "wrong seed", "another job's answer", f"truncated at {CUT_AT}, end token put there"
NAMES = (HONEST, *QUANTISATIONS, *PICKS, SPONSORED, BEST_SEED, OWN_SEED, COPIED, CUT)


def _with_seed(asked: Asked, seed: bytes) -> Asked:
    return msgspec.structs.replace(asked, seed=seed)


def _claimed(job: Asked, one: Answered) -> Answered:
    return Answered(job, one.token_ids, one.blob)


def _confidence(one: Answered) -> float:
    """Mean log-probability of the tokens within the committed candidates."""
    rows = unpack(one.blob)
    logits = rows["q"].astype(np.float64) / GRID
    own = np.array([logits[t][rows[t]["id"] == token][0] for t, token in enumerate(one.token_ids)])
    top = logits.max(axis=1, keepdims=True)
    return float((own - top[:, 0] - np.log(np.exp(logits - top).sum(axis=1))).mean())
