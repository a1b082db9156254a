"""Serving, side by side in one run: ours against a raw loop and against two other servers.

Every round asks each side for as many answers to the same prompts, one side after the other, so that what the
machine does in between meets all alike. A ratio is the median of those of the single rounds: the machine's
pace drifts by a fifth within minutes, and a round is over before it has. No prompt is asked for twice.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benches import rivals
from benches.endless import endless
from benches.paths import ROOT
from benches.rows import Row, percentile, say
from benches.streams import Address, Stream, ask_all
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, wait_ready
from console.engine.port import GenerateRequest

THREADS, ROUNDS, SLOTS, CONTEXT = 2, 7, 8, 512
STREAMS = (1, 4, 8)
PROMPT, ANSWER = 128, 128
TEMPERATURE = 0.8
_STREAMS_A_ROUND = sum(STREAMS)
_APART = 61
"""Tokens between the places at which prompts begin."""
_F16, _BF16 = 1, 30
_TEXT = "Tell the whole story of the lighthouse, the two keepers and the winter in which no ship came. "


@dataclass(frozen=True, slots=True)
class Run:
    """One side's answers to one round."""

    tokens_per_s: float
    first_s: list[float]


@dataclass
class Side:
    """Something that answers prompts."""

    name: str
    ask: Callable[[int, int], Awaitable[Run]]
    runs: dict[int, list[Run]] = field(default_factory=dict)

    def rate(self, streams: int) -> float:
        """Median over the rounds, tokens/s."""
        return statistics.median(run.tokens_per_s for run in self.runs[streams])

    def ratio(self, other: Side, streams: int) -> float:
        """By how much faster than `other`: median over the rounds."""
        pairs = zip(self.runs[streams], other.runs[streams], strict=True)
        return statistics.median(ours.tokens_per_s / theirs.tokens_per_s for ours, theirs in pairs)

    def first_ms(self, streams: int, percent: int) -> float:
        """Time to first token over all rounds' answers."""
        return 1000 * percentile([s for run in self.runs[streams] for s in run.first_s], percent)


def measure(model: Path) -> list[Row]:
    """All rows; about eight minutes on two cores."""
    return asyncio.run(_measured(endless(model, model.parent)))


async def _measured(model: Path) -> list[Row]:
    prompts = await _Prompts.made(model)
    async with AsyncExitStack() as stack:
        sides = [
            await _ours(stack, model, prompts),
            await _raw(stack, "raw loop", model, _BF16, prompts),
            await _raw(stack, "raw loop, F16/F16", model, _F16, prompts),
        ]
        missing = await _add_rivals(stack, sides, model, prompts)
        for side in sides:
            await side.ask(4, 0)
        for number in range(1, ROUNDS + 1):
            for streams in STREAMS:
                say(f"round {number} of {ROUNDS}, {streams} streams")
                for side in sides[number % len(sides) :] + sides[: number % len(sides)]:
                    side.runs.setdefault(streams, []).append(await side.ask(streams, number))
    return [*_rows(sides), *missing]


def _rows(sides: list[Side]) -> list[Row]:
    rows: list[Row] = []
    for streams in STREAMS:
        case = f"{streams} streams" if streams > 1 else "1 stream"
        for side in sides:
            rows.append(Row(f"{side.name}, {case}", side.rate(streams), "tokens/s"))
            for percent in (50, 95):
                first = side.first_ms(streams, percent)
                rows.append(Row(f"{side.name}, {case}: first token p{percent}", first, "ms"))
    by_name = {side.name: side for side in sides}
    for streams in STREAMS:
        case = f"{streams} streams" if streams > 1 else "1 stream"
        for name, least in (("raw loop", 0.98), ("xllamacpp", 1.08), ("stock llama_cpp.server", 1.7)):
            if name in by_name:
                goal = least if name == "raw loop" or streams == max(STREAMS) else None
                ratio = by_name["ours"].ratio(by_name[name], streams)
                rows.append(Row(f"ours ÷ {name}, {case}", ratio, "×", goal, least=True))
        price = by_name["raw loop"].ratio(by_name["raw loop, F16/F16"], streams)
        rows.append(Row(f"raw loop: exact profile ÷ F16/F16, {case}", price, "×"))
    return rows


class _Prompts:
    """Distinct prompts of 128 tokens, as ids and as a text that has the same ids."""

    def __init__(self, ids: list[int], pieces: list[bytes]) -> None:
        self._ids, self._pieces = ids, pieces

    @classmethod
    async def made(cls, model: Path) -> _Prompts:
        """From the model's own vocabulary."""
        code = (
            "import json,sys;from pathlib import Path;from console.engine.process import log;"
            "from console.engine.process.model import Model;"
            "log.listen();"
            "m=Model(Path(sys.argv[1]),0);t=m.tokenize(sys.argv[2],False);"
            "print(json.dumps([list(t),[m.piece(i).decode('latin-1') for i in t]]))"
        )
        text = "".join(f"Part {n}. {_TEXT}" for n in range(1, 400))
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", code, str(model), text, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await child.communicate()
        ids, pieces = json.loads(said)
        return cls(ids, [piece.encode("latin-1") for piece in pieces])

    def ids(self, streams: int, number: int) -> list[list[int]]:
        """For each stream other ones, in every round others."""
        return [self._ids[start : start + PROMPT] for start in self._starts(streams, number)]

    def texts(self, streams: int, number: int) -> list[str]:
        """The same as text."""
        return [
            b"".join(self._pieces[start : start + PROMPT]).decode() for start in self._starts(streams, number)
        ]

    def _starts(self, streams: int, number: int) -> list[int]:
        """No place of the text begins two prompts: our engine takes over what it has computed before."""
        before = number * _STREAMS_A_ROUND + sum(n for n in STREAMS if n < streams)
        starts = [_APART * (before + stream) for stream in range(streams)]
        if starts[-1] + PROMPT > len(self._ids):
            raise ValueError("the text is too short for so many rounds")
        return starts


async def _ours(stack: AsyncExitStack, model: Path, prompts: _Prompts) -> Side:
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qd-bench-")))
    launch = EngineLaunch(model, home / "engine.sock", CONTEXT, THREADS, 0, home / "log", SLOTS)
    process = await launch.start()
    stack.push_async_callback(process.stop)
    engine = LlamaEngine(launch.socket)
    stack.push_async_callback(engine.close)
    await wait_ready(engine, process, 120.0)

    async def ask(streams: int, number: int) -> Run:
        bodies = [
            msgspec.json.encode(
                GenerateRequest(
                    f"b{number}-{streams}-{i}", tuple(ids), f"{number * 97 + i:064x}", 800, ANSWER
                )
            )
            for i, ids in enumerate(prompts.ids(streams, number))
        ]
        return _run(await ask_all(Address(launch.socket), "/v1/generate", bodies, _has_tokens), b'"length"')

    return Side("ours", ask)


async def _raw(stack: AsyncExitStack, name: str, model: Path, k_type: int, prompts: _Prompts) -> Side:
    script = ROOT / "script" / "benches" / "raw_loop.py"
    words = map(str, (script, model, THREADS, k_type, _F16, SLOTS))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    stack.push_async_callback(_end, child)
    to_child, from_child = child.stdin, child.stdout
    assert to_child is not None
    assert from_child is not None
    await from_child.readline()

    async def ask(streams: int, number: int) -> Run:
        asked = {"prompts": prompts.ids(streams, number), "tokens": ANSWER}
        to_child.write(json.dumps(asked).encode() + b"\n")
        told = json.loads(await from_child.readline())
        return Run(told["tokens"] / told["wall_s"], told["first_s"])

    return Side(name, ask)


async def _end(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()


async def _add_rivals(stack: AsyncExitStack, sides: list[Side], model: Path, prompts: _Prompts) -> list[Row]:
    """The other servers that come up; a row for each that does not."""
    missing: list[Row] = []
    if not rivals.ready():
        say("the other servers cannot be installed here, and are left out")
        return [Row("xllamacpp and stock llama_cpp.server: not installed", 0, "servers")]
    for name, port, short in (("xllamacpp", 18471, "xllamacpp"), ("stock llama_cpp.server", 18472, "stock")):
        try:
            await stack.enter_async_context(
                rivals.serving(short, model, port, THREADS, SLOTS, CONTEXT if short == "xllamacpp" else 4096)
            )
        except RuntimeError as error:
            say(f"{name} is left out: {error}")
            missing.append(Row(f"{name}: did not come up", 0, "servers"))
            continue
        sides.append(Side(name, _openai(port, prompts, short)))
    return missing


def _openai(port: int, prompts: _Prompts, short: str) -> Callable[[int, int], Awaitable[Run]]:
    target = "/completion" if short == "xllamacpp" else "/v1/completions"

    async def ask(streams: int, number: int) -> Run:
        bodies = [
            json.dumps(
                {
                    "prompt": text,
                    "stream": True,
                    "temperature": TEMPERATURE,
                    "top_k": 40,
                    "top_p": 1.0,
                    "min_p": 0.0,
                }
                | {"seed": number * 97 + i, "repeat_penalty": 1.0}
                | (
                    {"n_predict": ANSWER, "cache_prompt": False}
                    if short == "xllamacpp"
                    else {"max_tokens": ANSWER}
                )
            ).encode()
            for i, text in enumerate(prompts.texts(streams, number))
        ]
        end = b'"limit"' if short == "xllamacpp" else b'"length"'
        return _run(await ask_all(Address(port=port), target, bodies, _has_data), end)

    return ask


def _run(streams: list[Stream], end: bytes) -> Run:
    if not all(end in stream.body for stream in streams):
        raise RuntimeError("an answer ended early, so rates cannot be compared")
    wall_s = max(stream.end_s for stream in streams)
    return Run(ANSWER * len(streams) / wall_s, [stream.first_s for stream in streams])


def _has_tokens(part: bytes) -> bool:
    return b'"tokens"' in part


def _has_data(part: bytes) -> bool:
    return b"data: {" in part


def timed(call: Callable[[], object]) -> float:
    """Seconds that `call` takes."""
    started_s = time.perf_counter()
    call()
    return time.perf_counter() - started_s
