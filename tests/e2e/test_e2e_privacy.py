"""The openai SDK streams an answer from the gateway, and nothing that was said is found on any disk."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from e2e.conftest import MakeNet
from e2e.harness import Net

pytestmark = [pytest.mark.e2e, pytest.mark.model]

PROMPT = "Zanzibar marmalade: repeat the word chrysanthemum and tell me how many harpsichords fit in a bus."


def phrases(text: str) -> list[str]:
    """The longest runs of three words in `text`: a single word ("request") stands in a schema as well."""
    words = text.replace("\n", " \n ").split(" ")
    runs = {" ".join(words[n : n + 3]) for n in range(len(words) - 2)}
    return sorted((run for run in runs if "\n" not in run and '"' not in run), key=len)[-5:]


def traces(home: Path, words: list[str]) -> list[str]:
    """Files below `home` that hold one of `words`, weights aside."""
    found = []
    for path in home.rglob("*"):
        if path.is_file() and path.suffix != ".gguf":
            data = path.read_bytes().lower()
            found += [f"{path.name}: {w}" for w in words if w.lower().encode() in data]
    return found


async def stream(net: Net) -> str:
    client = openai.AsyncOpenAI(base_url=f"{net.base}/v1", api_key="t", max_retries=0)
    answer = await client.chat.completions.create(
        model=net.weights.name,
        messages=[{"role": "user", "content": PROMPT}],
        max_tokens=48,
        temperature=0.7,
        stream=True,
        stream_options={"include_usage": True},
    )
    parts, usage = [], None
    async for chunk in answer:
        parts += [c.delta.content for c in chunk.choices if c.delta.content]
        usage = chunk.usage or usage
    assert usage is not None
    assert usage.completion_tokens > 0
    return "".join(parts)


async def test_stream_and_leave_no_trace(network: MakeNet) -> None:
    async with network(nodes=1) as net:
        text = await stream(net)
        assert len(text) > 20

        async def settled() -> bool:
            return bool(net.query("SELECT 1 FROM jobs WHERE state = 'SETTLED'"))

        await net.until(settled)
        said = ["chrysanthemum", "harpsichord", "marmalade", *phrases(text)]
        assert len(said) > 3
        assert traces(net.plan.home, said) == []
    assert traces(net.plan.home, said) == []
