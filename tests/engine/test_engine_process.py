"""The engine's process with the starter model: exact answers, cancels, refusals, and every way to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, EngineProcess, log_tail, wait_ready
from console.engine.port import (
    Broken,
    ChatMessage,
    EngineError,
    Generated,
    GenerateRequest,
    Health,
    ScoreRequest,
    Tokens,
)
from console.engine.probe import load_and_generate
from console.engine.process.causes import ExitCode
from console.engine.quantise import requantise
from console.verification.judge import Claim, check_recompute_exact, check_replay, check_structure
from console.verification.pieces import Detokenizer, ending_of

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]
READY_S = 120.0
SECRET = "The lighthouse keeper hid seventeen copper kettles"


class Running:
    """A started engine."""

    def __init__(self, launch: EngineLaunch, process: EngineProcess, engine: LlamaEngine) -> None:
        self.launch, self.process, self.engine = launch, process, engine
        self.count = 0

    async def prompt(self, text: str) -> tuple[int, ...]:
        return await self.engine.chat_prompt((ChatMessage("user", text),))

    async def ask(self, prompt: tuple[int, ...], max_tokens: int, temperature: int = 700) -> GenerateRequest:
        self.count += 1
        return GenerateRequest(
            f"t{self.count}", prompt, f"{self.count:064x}", temperature, max_tokens=max_tokens
        )

    async def answer(self, request: GenerateRequest) -> Generated:
        events = [event async for event in self.engine.generate(request)]
        last = events[-1]
        assert isinstance(last, Generated)
        return last

    async def outcome(self, code: str) -> int:
        """How many requests ended so."""
        start = f'quarterdeck_engine_requests_total{{outcome="{code}"}} '
        counts = [
            line.removeprefix(start) for line in (await self.metrics()).splitlines() if line.startswith(start)
        ]
        return int(counts[0]) if counts else 0

    async def metrics(self) -> str:
        async with self.http() as client:
            return (await client.get("/metrics")).text

    def http(self) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(uds=str(self.launch.socket))
        return httpx.AsyncClient(transport=transport, base_url="http://engine")

    async def idle(self) -> Health:
        """Health, once nothing runs."""
        async with asyncio.timeout(30):
            while (health := await self.engine.health()).slots_busy:
                await asyncio.sleep(0.01)
        return health


async def start(model: Path, folder: Path, context: int = 1024, slots: int = 1) -> Running:
    launch = EngineLaunch(model, folder / "engine.sock", context, 1, 0, folder / "engine.log", slots)
    return Running(launch, await launch.start(), LlamaEngine(launch.socket))


@contextlib.asynccontextmanager
async def serving(model: Path, folder: Path, context: int = 1024, slots: int = 1) -> AsyncIterator[Running]:
    running = await start(model, folder, context, slots)
    try:
        await wait_ready(running.engine, running.process, READY_S)
        yield running
    finally:
        await running.engine.close()
        await running.process.stop()


@pytest.fixture(scope="module")
async def running(starter_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(starter_model, tmp_path_factory.mktemp("engine")) as one:
        yield one


def claim_of(answer: Generated, request: GenerateRequest) -> Claim:
    return Claim(
        answer.token_ids,
        answer.finish_reason,
        answer.commitment,
        answer.blob,
        bytes.fromhex(request.seed),
        request.temperature_milli,
        request.max_tokens,
    )


@pytest.mark.parametrize(
    ("repeats", "temperature", "max_tokens"), [(1, 700, 160), (14, 1000, 160), (6, 0, 120), (30, 700, 160)]
)
async def test_answers_recompute_exactly_on_both_sides_of_256_and_600_tokens(
    running: Running, repeats: int, temperature: int, max_tokens: int
) -> None:
    text = "List the tools that a cooper needs to mend an oak barrel, with one use each. " * repeats
    request = await running.ask(await running.prompt(text), max_tokens, temperature)
    answer = await running.answer(request)
    vocabulary = await running.engine.vocabulary()
    ending = ending_of(answer.token_ids, list(vocabulary.pieces), frozenset(vocabulary.end_ids), ())
    claim = claim_of(answer, request)
    assert check_structure(claim, ending).passed
    assert check_replay(claim).passed
    scored = await running.engine.score(ScoreRequest("s", request.prompt_ids, answer.token_ids))
    finding = check_recompute_exact(claim, scored.blob)
    assert finding.passed, finding.sentence


async def _exact(running: Running, request: GenerateRequest, answer: Generated) -> None:
    scored = await running.engine.score(ScoreRequest("s" + request.id, request.prompt_ids, answer.token_ids))
    finding = check_recompute_exact(claim_of(answer, request), scored.blob)
    assert finding.passed, finding.sentence


async def test_prompts_that_begin_alike_and_share_a_batch_are_answered_exactly(
    starter_model: Path, tmp_path: Path
) -> None:
    async with serving(starter_model, tmp_path, 1024, slots=3) as one:
        long = await one.prompt("Describe a harbour in the morning, the boats and the people. " * 24)
        other = await one.prompt("What does a cooper do?")
        # In its own slot, copied from one that runs, and beside another prompt.
        first = await one.ask(long, 40)
        await _exact(one, first, await one.answer(first))
        together = [
            await one.ask(ids, 40, temperature)
            for ids, temperature in ((long, 1000), (long[:290] + other, 700), (other, 0), (long[:270], 1000))
        ]
        answers = await asyncio.gather(*(one.answer(request) for request in together))
        for request, answer in zip(together, answers, strict=True):
            await _exact(one, request, answer)
        health = await one.idle()
        assert health.reused_prompts >= 3
        assert health.reused_tokens > 2 * 250
        assert health.sequences == ()
        windows = ScoreRequest("w", first.prompt_ids, answers[0].token_ids, ((0, 4), (20, 8)))
        parts = await one.engine.score(windows)
        assert parts.blob == answers[0].blob[: 320 * 4] + answers[0].blob[320 * 20 : 320 * 28]


async def test_another_quantisation_is_found_within_32_tokens(running: Running, tmp_path: Path) -> None:
    cheat_model = tmp_path / "cheat.gguf"
    await requantise(running.launch.model, cheat_model, "Q4_0")
    assert [p.name for p in tmp_path.iterdir()] == ["cheat.gguf"]
    async with serving(cheat_model, tmp_path) as cheat:
        request = await cheat.ask(await running.prompt("What does a tide table tell a fisherman?"), 32)
        answer = await cheat.answer(request)
    scored = await running.engine.score(ScoreRequest("s", request.prompt_ids, answer.token_ids))
    assert check_replay(claim_of(answer, request)).passed
    assert (
        check_recompute_exact(claim_of(answer, request), scored.blob).mismatches > len(answer.token_ids) // 2
    )


async def test_the_stream_is_the_answer_and_its_text_is_that_of_its_pieces(running: Running) -> None:
    request = await running.ask(await running.prompt("Write three lines in Japanese, with emoji."), 48, 1000)
    events = [event async for event in running.engine.generate(request)]
    tokens, last = [e for e in events if isinstance(e, Tokens)], events[-1]
    assert isinstance(last, Generated)
    assert tuple(i for t in tokens for i in t.token_ids) == last.token_ids
    pieces = list((await running.engine.vocabulary()).pieces)
    assert "".join(t.text for t in tokens) == Detokenizer(pieces).feed(last.token_ids, final=True)
    assert last.prompt_tokens == len(request.prompt_ids)
    assert 0 < last.first_token_ms <= last.generation_ms


async def test_the_prompt_is_spelled_as_the_library_spells_it(running: Running) -> None:
    from llama_cpp import Llama
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    library = Llama(str(running.launch.model), vocab_only=True, verbose=False)
    ends = {"eos_token": "<|im_end|>", "bos_token": "<|im_start|>"}
    formatter = Jinja2ChatFormatter(library.metadata["tokenizer.chat_template"], **ends)
    conversation = (
        ChatMessage("system", "Be brief."),
        ChatMessage("user", "Grüße, 世界 <|im_end|> 🙂"),
        ChatMessage("assistant", "Hello."),
        ChatMessage("user", "And again?"),
    )
    for messages in (conversation, conversation[1:2]):
        spelled = formatter(messages=[{"role": m.role, "content": m.content} for m in messages]).prompt  # type: ignore[list-item]
        expected = library.tokenize(spelled.encode(), add_bos=False, special=True)
        assert list(await running.engine.chat_prompt(messages)) == expected
    plain = "<|im_start|> is text here"
    assert list(await running.engine.tokenize(plain, special=False)) == library.tokenize(
        plain.encode(), add_bos=False, special=False
    )


async def _by_request(engine: LlamaEngine, stream: AsyncIterator[object], request: GenerateRequest) -> None:
    assert await engine.cancel(request.id)
    last: object = None
    async for event in stream:
        last = event
    assert isinstance(last, Broken)
    assert last.code == "cancelled"
    assert not await engine.cancel(request.id)


async def _by_leaving(_engine: LlamaEngine, stream: AsyncIterator[object], _request: GenerateRequest) -> None:
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("leave", [_by_request, _by_leaving])
async def test_a_cancelled_or_abandoned_generation_frees_its_slot(
    running: Running, leave: Callable[..., Awaitable[None]]
) -> None:
    before = await running.outcome("cancelled")
    request = await running.ask(await running.prompt("Tell the longest story that you know."), 900, 0)
    stream = running.engine.generate(request)
    await anext(stream)
    await leave(running.engine, stream, request)
    await running.idle()
    assert await running.outcome("cancelled") == before + 1


async def test_health_and_metrics_answer_while_prompts_are_computed_and_queued(running: Running) -> None:
    prompt = await running.prompt("Sort these words by their length. " * 60)
    requests = [await running.ask(prompt, 2) for _ in range(2)]
    tasks = [asyncio.create_task(running.answer(request)) for request in requests]
    busy = queued = 0
    async with asyncio.timeout(60):
        while not all(task.done() for task in tasks):
            health = await running.engine.health()
            busy, queued = max(busy, health.slots_busy), max(queued, health.queued)
            await asyncio.sleep(0.01)
    assert (busy, queued) == (1, 1)
    assert await running.outcome("generated") >= 2
    assert 'exact="true"' in await running.metrics()


async def test_probe_health_and_profile_of_a_served_model(running: Running) -> None:
    probed = await load_and_generate(running.engine)
    health = await running.engine.health()
    assert probed.milli_tokens_per_s > 0
    assert health.model is not None
    assert health.model.vocabulary == 49152
    assert health.profile is not None
    assert health.profile.self_test
    assert (health.profile.k_type, health.profile.v_type, health.profile.device) == ("bf16", "f16", "cpu")
    assert health.rss_bytes > health.model.size_bytes


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"origin": "http://evil.example"}, b"{}", 403),
        ({"host": "evil.example"}, b"{}", 403),
        ({}, b"not json", 400),
        ({}, b'{"id": "x"}', 400),
        ({}, b"x" * (2 * 1024 * 1024 + 1), 413),
    ],
    ids=["page", "name", "malformed", "incomplete", "large"],
)
async def test_web_pages_and_malformed_bodies_are_refused(
    running: Running, headers: dict[str, str], body: bytes, status: int
) -> None:
    async with running.http() as client:
        answer = await client.post("/v1/generate", content=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "sentence"}


async def test_more_than_the_context_is_refused(running: Running) -> None:
    request = await running.ask((5,) * 1000, 25)
    with pytest.raises(EngineError) as refused:
        await running.answer(request)
    assert refused.value.code == "context_exceeded"


async def test_the_socket_is_its_owners_and_the_log_holds_no_text(running: Running) -> None:
    answer = await running.answer(await running.ask(await running.prompt(SECRET), 24))
    pieces = list((await running.engine.vocabulary()).pieces)
    said = Detokenizer(pieces).feed(answer.token_ids, final=True).strip()
    log = running.launch.log.read_text()
    assert SECRET not in log
    assert said not in log
    for path in (running.launch.socket, running.launch.log):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_killed_engine_is_told_and_another_serves_at_the_same_socket(
    starter_model: Path, tmp_path: Path
) -> None:
    async with serving(starter_model, tmp_path, 512) as first:
        stream = first.engine.generate(await first.ask(await first.prompt("Count to a thousand."), 400, 0))
        await anext(stream)
        os.kill(first.process.pid, signal.SIGKILL)
        with pytest.raises(EngineError) as gone:
            async for _ in stream:
                pass
        assert gone.value.code == "unreachable"
        await first.process.wait()
        assert "out-of-memory" in first.process.ended().sentence
        with pytest.raises(EngineError, match="does not answer"):
            await first.engine.health()
        async with serving(starter_model, tmp_path, 512) as second:
            assert (await first.engine.health()).pid == second.process.pid


async def test_a_running_stream_is_told_when_the_engine_is_stopped(
    starter_model: Path, tmp_path: Path
) -> None:
    async with serving(starter_model, tmp_path, 512) as one:
        stream = one.engine.generate(await one.ask(await one.prompt("Count to a thousand."), 400, 0))
        await anext(stream)
        stopping = asyncio.create_task(one.process.stop())
        events = [event async for event in stream]
        assert isinstance(events[-1], Broken)
        assert await stopping == 0
        assert not one.launch.socket.exists()


async def test_a_second_engine_at_the_same_socket_is_refused(running: Running) -> None:
    second = await running.launch.start()
    assert await second.wait() == ExitCode.ADDRESS
    assert "Another engine listens" in second.ended().sentence
    assert (await running.engine.health()).state == "ready"


def _truncated(model: Path, target: Path) -> None:
    target.write_bytes(model.read_bytes()[: model.stat().st_size // 2])


def _header_only(model: Path, target: Path) -> None:
    target.write_bytes(model.read_bytes()[:1000])


def _noise(_model: Path, target: Path) -> None:
    target.write_bytes(b"GGUF" + bytes(range(256)) * 4000)


def _absent(_model: Path, _target: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncated, "cut short"),
        (_header_only, "damaged"),
        (_noise, "no GGUF file, or of a newer version"),
        (_absent, "There is no model"),
    ],
)
async def test_a_bad_file_is_named_and_the_process_ends(
    starter_model: Path, tmp_path: Path, spoil: Callable[[Path, Path], None], words: str
) -> None:
    bad = tmp_path / "bad.gguf"
    spoil(starter_model, bad)
    one = await start(bad, tmp_path)
    with pytest.raises(EngineError, match=words) as refused:
        await wait_ready(one.engine, one.process, READY_S)
    assert refused.value.code == "not_ready"
    assert await asyncio.wait_for(one.process.wait(), 30) == ExitCode.MODEL
    assert words in one.process.ended().sentence
    await one.engine.close()


async def test_a_context_beyond_the_models_training_is_refused(starter_model: Path, tmp_path: Path) -> None:
    one = await start(starter_model, tmp_path, 100_000)
    with pytest.raises(EngineError, match="at most 8192"):
        await wait_ready(one.engine, one.process, READY_S)
    await one.process.kill()
    await one.engine.close()


_PARENT = """
import asyncio, sys
from pathlib import Path
from console.engine.launch import EngineLaunch

async def main():
    folder = Path(sys.argv[2])
    launch = EngineLaunch(Path(sys.argv[1]), folder / "s", 512, 1, 0, folder / "log")
    process = await launch.start()
    print(process.pid, flush=True)
    await process.wait()

asyncio.run(main())
"""


async def test_the_engine_dies_with_its_parent(starter_model: Path, tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, str(starter_model), str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    engine = LlamaEngine(tmp_path / "s")
    async with asyncio.timeout(READY_S):
        while True:
            with contextlib.suppress(EngineError):
                await engine.health()
                break
            await asyncio.sleep(0.05)
    await engine.close()
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(30):
        while _lives(pid):
            await asyncio.sleep(0.05)
    assert log_tail(tmp_path / "log") == ""


def _lives(pid: int) -> bool:
    """Whether `pid` runs; a zombie that nobody reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
