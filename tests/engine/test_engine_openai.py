"""The operator's own programs: OpenAI's SDK against the engine, the key, the door, and what is refused."""

from __future__ import annotations

import asyncio
import itertools
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, wait_ready
from console.engine.port import Broken, EngineError, Generated, Tokens
from console.engine.process.listener import AddressError
from console.engine.process.local_port import listen_on_loopback, read_key
from console.engine.process.openai_answers import DONE, Shape
from console.engine.process.openai_requests import ChatAsked, TextAsked, parsed
from console.protocol.types import SamplingRules
from console.verification.pieces import UntilStop

KEY = "a-key-of-the-operators-own"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def body(**changes: object) -> bytes:
    return msgspec.json.encode(CHAT | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"best_of": 3}, "best_of"),
        ({"n": 2}, "`n`"),
        ({"logprobs": True}, "logprobs"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"messages": "Hello"}, "messages"),
        ({"model": 7}, "model"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(changes: dict[str, object], words: str) -> None:
    with pytest.raises(EngineError, match=words) as refused:
        parsed(body(**changes), ChatAsked)
    assert refused.value.code == "bad_request"


def test_values_that_change_nothing_are_taken() -> None:
    asked = parsed(body(top_p=1, n=1, tools=[], logit_bias={}, user="x", store=False), ChatAsked)
    assert asked.temperature_milli == 1000
    assert asked.wanted_tokens is None
    full = parsed(
        body(temperature=0.25, stop=["a", "b", "a"], max_completion_tokens=9, max_tokens=5, stream=True),
        ChatAsked,
    )
    assert (full.temperature_milli, full.stops, full.wanted_tokens) == (250, ("a", "b"), 9)


def test_the_rules_beside_the_temperature_are_honoured() -> None:
    assert parsed(body(), ChatAsked).rules == SamplingRules()
    asked = parsed(body(top_p=0.9, min_p=0.05, frequency_penalty=-0.5, presence_penalty=2), ChatAsked)
    assert asked.rules == SamplingRules(900_000, 50_000, -500, 2000)


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"temperature": 2.5}, "temperature_milli"),
        ({"top_p": 1.01}, "rules"),
        ({"presence_penalty": -2.5}, "rules"),
        ({"stop": ["a"] * 5}, "stops"),
        ({"stop": ["", "a"]}, "stops"),
        ({"messages": []}, "conversation"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "conversation"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "conversation"),
    ],
)
def test_values_out_of_bounds_are_refused(changes: dict[str, object], attribute: str) -> None:
    with pytest.raises(EngineError):
        getattr(parsed(body(**changes), ChatAsked), attribute)


def test_a_prompt_is_one_text_or_token_ids() -> None:
    def prompt(value: object) -> str | tuple[int, ...]:
        return parsed(msgspec.json.encode({"model": "m", "prompt": value}), TextAsked).text_or_ids

    assert prompt("Once") == prompt(["Once"]) == "Once"
    assert prompt([5, 6]) == (5, 6)
    for wrong in (["a", "b"], []):
        with pytest.raises(EngineError):
            prompt(wrong)


def test_a_stream_ends_with_done_or_with_an_error() -> None:
    answer = Generated((1, 2), "stop", "c", b"", 3, 1, 2)
    lines = Shape("x", "m", 1, chat=True).stream(True)([Tokens(0, (1,), "Hi"), answer])
    objects = [msgspec.json.decode(part[6:]) for part in lines.split(b"\n\n") if part.startswith(b"data: {")]
    assert [o["choices"][0]["delta"] if o["choices"] else None for o in objects] == [
        {"role": "assistant", "content": ""}, {"content": "Hi"}, {}, None,
    ]  # fmt: skip
    assert objects[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert lines.endswith(DONE)
    broken = Shape("x", "m", 1, chat=False).stream(False)([Broken("cancelled", "Gone.")])
    assert b"[DONE]" not in broken
    assert msgspec.json.decode(broken[6:])["error"]["message"] == "Gone."


@given(st.text("abc", max_size=30), st.lists(st.text("abc", min_size=1, max_size=4), max_size=3), st.data())
def test_visible_text_ends_before_the_first_stop_string_however_it_comes(
    text: str, stop: list[str], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    parts = [text[a:b] for a, b in itertools.pairwise((0, *cuts, len(text)))]
    visible = UntilStop(tuple(stop))
    said = "".join(visible.feed(part) for part in parts) + visible.feed("", final=True)
    first = min((text.find(s) for s in stop if s in text), default=len(text))
    assert text.startswith(said)
    assert not any(s in said for s in stop)
    # A longer string that begins earlier may be completed later, when a shorter one has ended the text.
    assert len(said) >= first or not stop


def test_a_stop_string_is_no_part_of_an_answer() -> None:
    answer = Generated((1, 2), "stop", "c", b"", 3, 1, 2)
    assert b'"content":"Hi"' in Shape("x", "m", 1, True, ("end",)).whole("Hiend", answer)
    streamed = Shape("x", "m", 1, True, ("end",)).stream(False)(
        [Tokens(0, (1,), "Hie"), Tokens(1, (2,), "nd"), answer]
    )
    assert b'"content":"Hi"' in streamed
    assert b"nd" not in streamed.replace(b"index", b"")


def test_a_key_that_others_can_read_or_that_is_short_opens_no_door(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o644)
    with pytest.raises(AddressError, match="chmod 600"):
        read_key(path)
    path.chmod(0o600)
    assert read_key(path) == KEY
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(AddressError):
        read_key(tmp_path / "link")
    path.write_text("short")
    with pytest.raises(AddressError, match="16 to"):
        read_key(path)
    with pytest.raises(AddressError):
        read_key(tmp_path / "nothing")


def test_the_door_is_on_loopback_and_says_when_it_is_taken() -> None:
    with listen_on_loopback(0) as listener:
        address, port = listener.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(AddressError, match=str(port)):
            listen_on_loopback(port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
async def base_url(starter_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    folder = tmp_path_factory.mktemp("openai")
    key = folder / "key"
    key.write_text(KEY)
    key.chmod(stat.S_IRUSR | stat.S_IWUSR)
    port = free_port()
    launch = EngineLaunch(starter_model, folder / "s", 512, 1, 0, folder / "log", 2, "first", port, key)
    process, engine = await launch.start(), LlamaEngine(launch.socket)
    try:
        await wait_ready(engine, process, 120.0)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await engine.close()
        await process.stop()


@pytest.mark.model
@pytest.mark.asyncio(loop_scope="module")
class TestServed:
    """With the starter model."""

    def client(self, base_url: str, key: str = KEY) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0)

    async def test_the_sdk_gets_models_answers_and_streams(self, base_url: str) -> None:
        async with self.client(base_url) as client:
            (model,) = (await client.models.list()).data
            messages = [{"role": "user", "content": "Name three tools of a carpenter."}]
            whole = await client.chat.completions.create(
                model=model.id,
                messages=messages,
                max_tokens=12,
                seed=7,  # type: ignore[arg-type]
            )
            stream = await client.chat.completions.create(
                model=model.id, messages=messages, max_tokens=12, seed=7,  # type: ignore[arg-type]
                stream=True, stream_options={"include_usage": True},
            )  # fmt: skip
            chunks = [chunk async for chunk in stream]
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            assert whole.choices[0].message.content == text
            assert whole.choices[0].finish_reason == "length"
            assert chunks[-2].choices[0].finish_reason == "length"
            assert chunks[-1].usage == whole.usage
            assert whole.usage is not None
            assert whole.usage.completion_tokens == 12
            plain = await client.completions.create(
                model=model.id, prompt="The sea is", max_tokens=8, temperature=0, stop=["zzz"]
            )
            assert plain.choices[0].text
            assert plain.usage is not None
            assert plain.usage.prompt_tokens == 3

    async def test_several_programs_share_the_batch(self, base_url: str) -> None:
        async with self.client(base_url) as client:
            (model,) = (await client.models.list()).data
            answers = await asyncio.gather(
                *(
                    client.completions.create(model=model.id, prompt=f"{n} and", max_tokens=10)
                    for n in range(4)
                )
            )
            assert all(answer.usage and answer.usage.completion_tokens for answer in answers)

    async def test_errors_have_openais_shape(self, base_url: str) -> None:
        async with self.client(base_url) as client:
            (model,) = (await client.models.list()).data
            with pytest.raises(openai.NotFoundError):
                await client.completions.create(model="another", prompt="x", max_tokens=1)
            with pytest.raises(openai.BadRequestError, match="best_of"):
                await client.completions.create(model=model.id, prompt="x", max_tokens=1, best_of=2)
            with pytest.raises(openai.BadRequestError) as long:
                await client.completions.create(model=model.id, prompt="x", max_tokens=100_000)
            assert long.value.code == "context_length_exceeded"
        async with self.client(base_url, "another-key-than-the-right-one") as client:
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()

    @pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example:80"}])
    async def test_no_web_page_gets_in_with_the_key(self, base_url: str, headers: dict[str, str]) -> None:
        async with httpx.AsyncClient() as client:
            answer = await client.get(
                f"{base_url}/models", headers={"authorization": f"Bearer {KEY}"} | headers
            )
        assert answer.status_code == 403
        assert answer.json()["error"]["type"] == "permission_error"

    async def test_the_engines_own_endpoints_are_not_behind_the_port(self, base_url: str) -> None:
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
            for path in ("/v1/generate", "/v1/score", "/v1/cancel"):
                assert (
                    await client.post(base_url.removesuffix("/v1") + path, content=b"{}")
                ).status_code == 404
            assert (await client.get(base_url.removesuffix("/v1") + "/health")).status_code == 404
