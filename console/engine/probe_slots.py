"""How many slots help: several generations at once, measured against one, before any is promised."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time

import msgspec

from console.engine.port import Engine, GenerateRequest
from console.engine.probe import answer_of, probe_prompt

STREAM_TOKENS = 24
LEAST_TOKENS = 8
BUDGET_S = 20.0
"""A machine that would need longer for one comparison goes by memory alone."""
HELPS = 1.10
"""Several at once must give so much more than one: repeated runs differ by 10 % (the reference's ties)."""


class Helping(msgspec.Struct, frozen=True):
    """As many slots as help, at least 1; 0: not measured. `because`: what was measured, in words."""

    slots: int
    because: str


async def slots_that_help(engine: Engine, slots: int, alone_milli: int) -> Helping:
    """Compare the tokens per second of `slots`, half of them, … streams at once with those of one.

    Args:
        alone_milli: tokens/s × 1000 of one generation, for choosing how much to ask for.

    Raises:
        EngineError: the engine fails.
    """
    tokens = _tokens(slots, alone_milli)
    if slots < 2:
        return Helping(slots, "")
    if not tokens:
        return Helping(0, f"too slow to be measured within {BUDGET_S:.0f} s")
    prompt = await probe_prompt(engine)
    one = await together(engine, 1, tokens, prompt)
    many = slots
    while many > 1:
        rate = await together(engine, many, tokens, prompt)
        if rate >= HELPS * one:
            return Helping(many, f"{many} at once gave {rate / one:.1f} times the tokens of one")
        many //= 2
    return Helping(1, f"{slots} at once gave {rate / one:.1f} times the tokens of one, which is no gain")


async def together(engine: Engine, streams: int, tokens: int, prompt: tuple[int, ...]) -> float:
    """Tokens per second of `streams` generations at once, their prompts included. Raises EngineError."""
    started = time.monotonic()
    counts = await asyncio.gather(*(_one(engine, number, tokens, prompt) for number in range(streams)))
    return sum(counts) / max(1e-3, time.monotonic() - started)


def _tokens(slots: int, alone_milli: int) -> int:
    """To ask of each stream, so that all fit the budget even where several are no faster; 0: too slow."""
    fit = int(BUDGET_S * alone_milli / 1000 / (2 * slots))
    return 0 if fit < LEAST_TOKENS else min(STREAM_TOKENS, fit)


async def _one(engine: Engine, number: int, tokens: int, prompt: tuple[int, ...]) -> int:
    request = GenerateRequest(
        id=f"probe-{os.urandom(8).hex()}",
        prompt_ids=prompt,
        seed=hashlib.sha256(b"quarterdeck/probe/v1/%d" % number).hexdigest(),
        temperature_milli=700,
        max_tokens=tokens,
    )
    answer = await answer_of(engine, request)
    return 0 if answer is None else len(answer.token_ids)
