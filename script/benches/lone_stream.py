"""One stream on one thread: rates, latencies, the cost of a score, exactness."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benches.exactness import CONTEXT, Exactness, Load
from benches.rows import Row, say
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, EngineProcess, wait_ready
from console.engine.port import Generated, GenerateRequest
from console.engine.process import log
from console.engine.process.context import Context
from console.engine.process.model import Model

THREADS, REPEATS, TRIES = 1, 3, 20
SHORT_PROMPT, LONG_PROMPT = 128, 1024
ANSWER, LEAST_ANSWER = 128, 64
EXACT_TOKENS = 1000
READY_S, HEALTH_EVERY_S = 120.0, 0.02
TEXT = "Tell the whole story of the lighthouse, the two keepers and the winter in which no ship came. "


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation's times."""

    prompt_tokens: int
    tokens: int
    first_token_s: float
    generation_s: float

    @property
    def decode_per_s(self) -> float:
        """Tokens each second, once the first is there."""
        return (self.tokens - 1) / (self.generation_s - self.first_token_s)


def measure(model: Path) -> list[Row]:
    """All rows; one to two minutes."""
    return [*asyncio.run(_served(model)), *_exact(model)]


async def _served(model: Path) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="qd-bench-") as folder:
        home = Path(folder)
        launch = EngineLaunch(model, home / "engine.sock", 2048, THREADS, 0, home / "engine.log")
        engine = LlamaEngine(launch.socket)
        say("the engine starts")
        started_s = time.monotonic()
        process = await launch.start()
        try:
            return await _while_it_runs(engine, process, started_s)
        finally:
            await engine.close()
            await process.stop()


async def _while_it_runs(engine: LlamaEngine, process: EngineProcess, started_s: float) -> list[Row]:
    await wait_ready(engine, process, READY_S)
    ready_s = time.monotonic() - started_s
    words = await engine.tokenize(TEXT * (1 + LONG_PROMPT // 15), False)
    await _ask(engine, words[:SHORT_PROMPT], 16, 0)
    say(f"{REPEATS} answers to short prompts, {REPEATS} long prompts")
    waits: list[float] = []
    polling = asyncio.create_task(_poll(engine, waits))
    answers = await _long_answers(engine, words)
    prefills = [await _ask(engine, words[n : LONG_PROMPT + n], 1, n) for n in range(1, REPEATS + 1)]
    polling.cancel()
    rss = (await engine.health()).rss_bytes
    prompt_rate = [prefill.prompt_tokens / prefill.first_token_s for prefill in prefills]
    return [
        Row("decode, 1 stream, 1 thread", statistics.median(a.decode_per_s for a in answers), "tokens/s"),
        Row(f"prefill, {LONG_PROMPT} tokens, 1 thread", statistics.median(prompt_rate), "tokens/s"),
        Row(
            f"first token, prompt of {SHORT_PROMPT}",
            1000 * statistics.median(a.first_token_s for a in answers),
            "ms",
        ),
        Row("start to ready, self-test included", ready_s, "s"),
        Row("memory, weights mapped", rss / 1e6, "MB RSS"),
        Row("/health under load, worst", 1000 * max(waits), "ms", 50),
        Row("/health under load, asked", len(waits), "times"),
    ]


async def _long_answers(engine: LlamaEngine, words: tuple[int, ...]) -> list[Answer]:
    """Answers of some length: a model may end one after a few words, from which no rate can be told."""
    answers: list[Answer] = []
    for number in range(1, TRIES + 1):
        answer = await _ask(engine, words[number : SHORT_PROMPT + number], ANSWER, number)
        if answer.tokens >= LEAST_ANSWER:
            answers.append(answer)
        if len(answers) == REPEATS:
            return answers
    raise RuntimeError(f"the model ended nearly all of {TRIES} answers early; decode cannot be measured so")


async def _ask(engine: LlamaEngine, prompt: tuple[int, ...], most: int, number: int) -> Answer:
    request = GenerateRequest(f"b{most}-{number}", prompt, f"{number:064x}", 1000, most)
    async for event in engine.generate(request):
        if isinstance(event, Generated):
            first_s, all_s = event.first_token_ms / 1000, event.generation_ms / 1000
            return Answer(event.prompt_tokens, len(event.token_ids), first_s, all_s)
    raise RuntimeError("the engine broke off an answer")


async def _poll(engine: LlamaEngine, waits: list[float]) -> None:
    """Ask for health all the time; seconds that each answer took go to `waits`."""
    while True:
        asked_s = time.monotonic()
        await engine.health()
        waits.append(time.monotonic() - asked_s)
        await asyncio.sleep(HEALTH_EVERY_S)


def _exact(model_file: Path) -> list[Row]:
    say(f"{EXACT_TOKENS} tokens generated and recomputed")
    log.listen()
    started_s = time.monotonic()
    model = Model(model_file, 0)
    load_s = time.monotonic() - started_s
    exactness = Exactness(model, model, Context(model, CONTEXT, THREADS), Load(threads=THREADS))
    while exactness.tally.tokens < EXACT_TOKENS:
        exactness.round()
    tally = exactness.tally
    return [
        Row("load of the weights, file in the page cache", load_s, "s"),
        Row("sampling's share of the generation loop", 100 * tally.sampling_s / tally.generation_s, "%"),
        Row("score of all answers ÷ their generation", tally.score_s / tally.generation_s, "×"),
        Row("exact: tokens recomputed", tally.tokens, "tokens"),
        Row("exact: tokens that differ", tally.positions_differing, "tokens", 0),
    ]
