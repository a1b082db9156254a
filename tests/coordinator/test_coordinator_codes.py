"""Every error code that a client can meet stands in the documentation, with its status; and no others."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from coordinator_harness import Running, running

from console.coordinator.gateway import chat
from console.coordinator.jobs.endings import SENTENCES, ending
from console.engine.port import EngineError

ROOT = Path(__file__).parents[2]
ROOMS = ("console/coordinator", "console/client")
_SAYING = ("ApiError", "Trouble", "_error")
"""Take a status, then a code."""
_UNHEARD = "cancelled"
"""Of a job whose client has left."""


def documented() -> set[tuple[int, str]]:
    """Of the tables under `## Errors`."""
    page = (ROOT / "docs/gateway.md").read_text()
    section = page.partition("## Errors\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\d, ]+) \| ([^|]+) \|", section, re.MULTILINE)
    found: set[tuple[int, str]] = set()
    for statuses, codes in rows:
        found |= {(int(s), c) for s in statuses.split(",") for c in re.findall(r"`(\w+)`", codes)}
    return found


def written(path: Path) -> Iterator[tuple[int, str]]:
    """Those that the code names where it refuses."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        values = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)]
        if node.func.id in _SAYING and len(values) == 2:
            status, code = values
            assert isinstance(status, int) and isinstance(code, str)
            yield status, code


def sent() -> set[tuple[int, str]]:
    paths = itertools.chain.from_iterable((ROOT / room).rglob("*.py") for room in ROOMS)
    found = {pair for path in paths for pair in written(path)}
    found |= {(ending(code).status, code) for code in SENTENCES if code != _UNHEARD}
    return found | {(400, code) for code in chat.THEIRS.values()}


def test_every_code_is_documented_with_its_status() -> None:
    assert len(sent()) > 30
    assert sent() - documented() == set()


def test_no_code_is_documented_that_nothing_sends() -> None:
    assert {code for _, code in documented()} == {code for _, code in sent()}


@pytest.mark.parametrize(
    ("engines", "ours"),
    [("context_exceeded", "context_length_exceeded"), ("bad_request", "bad_request")],
)
async def test_what_the_engine_refuses_is_told_in_openais_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engines: str, ours: str
) -> None:
    async def refuses(_: object) -> object:
        raise EngineError(engines, "The conversation is too long.")

    async with running(tmp_path) as run:
        monkeypatch.setattr(run.coordinator.reference, "chat_ids", refuses)
        refused = await said(run)
    assert refused == (400, ours, "messages", "The conversation is too long.")


async def said(run: Running) -> tuple[int, str, str, str]:
    answer: httpx.Response = await run.chat()
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"], error["message"]
