"""What cannot work is refused with a sentence that says what, why and what next; nothing is lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from console.models import STARTER
from console.settings.paths import make_private
from e2e.conftest import MakeNet
from e2e.harness import Net

pytestmark = [pytest.mark.e2e, pytest.mark.model]


def quarterdeck(home: Path, *words: str, models: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"QUARTERDECK_HOME": str(home)}
    if models is not None:
        environment["QUARTERDECK_MODELS"] = str(models)
    return subprocess.run(
        [sys.executable, "-m", "console", *words],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """It ended with `code`, said `words`, and showed no traceback."""
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout)
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word.lower() in done.stderr.lower(), done.stderr


def configure(home: Path, text: str) -> Path:
    (make_private(home) / "config.toml").write_text(text)
    return home


ENGINE = '[node]\ncoordinator = "ws://127.0.0.1:1/net/v1/ws"\n[engine]\nthreads = 1\nmodel = '


def test_a_wrong_hash(tmp_path: Path, starter_model: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    damaged = bytearray(starter_model.read_bytes())
    damaged[-1000:] = bytes(1000)
    (models / STARTER.file_name).write_bytes(damaged)
    refused(quarterdeck(tmp_path / "h", "models", "verify", STARTER.name, models=models), 1, "sha-256")


WORDS = {"truncated": "ends early", "random": "not a GGUF", "missing": "cannot be read"}


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_a_bad_gguf(tmp_path: Path, starter_model: Path, kind: str) -> None:
    path = tmp_path / f"{kind}.gguf"
    if kind == "truncated":
        path.write_bytes(starter_model.read_bytes()[:10_000_000])
    elif kind == "random":
        path.write_bytes(os.urandom(1_000_000))
    home = configure(tmp_path / "h", ENGINE + json.dumps(str(path)))
    refused(quarterdeck(home, "agent", "start"), 1, str(path), WORDS[kind])
    assert quarterdeck(home, "status").returncode == 3


def test_an_unreadable_configuration(tmp_path: Path) -> None:
    home = configure(tmp_path / "h", "[node\nname = ")
    for words in (("agent", "start"), ()):
        done = quarterdeck(home, *words)
        assert done.returncode in (1, 2)
        refused(done, done.returncode, "config.toml", "toml")
    unknown = configure(tmp_path / "h2", "[node]\nnmae = 'x'\n")
    done = quarterdeck(unknown, "agent", "start")
    refused(done, done.returncode, "nmae")


def test_a_taken_port(tmp_path: Path, starter_model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = quarterdeck(
            tmp_path / "h", "coordinator", "run", "--port", str(port), models=starter_model.parent
        )
    refused(done, 1, str(port), "in use")


def test_a_second_agent_and_no_coordinator(tmp_path: Path, starter_model: Path) -> None:
    """A network that cannot be reached is no failure: the node says so and goes on trying."""
    home = configure(tmp_path / "h", ENGINE + json.dumps(str(starter_model)))
    try:
        started = quarterdeck(home, "agent", "start")
        assert started.returncode == 0, started.stderr
        refused(quarterdeck(home, "agent", "run"), 1, "already")
        state = until_ready(home)
        assert state["reason"]["code"] == "coordinator_down"
        assert "not your fault" in state["reason"]["sentence"].lower()
        assert state["network"]["state"] == "connecting"
        assert state["network"]["next_try_ms"] > 0
    finally:
        assert quarterdeck(home, "agent", "stop").returncode == 0
    refused(quarterdeck(home, "status"), 3, "quarterdeck agent start")


def until_ready(home: Path) -> dict[str, Any]:
    """The state once the engine is ready and the network has been tried."""
    deadline = time.monotonic() + 90
    while True:
        state: dict[str, Any] = json.loads(quarterdeck(home, "status", "--json").stdout)["state"]
        if state["engine"]["state"] == "ready" and state["network"]["next_try_ms"]:
            return state
        assert time.monotonic() < deadline, state
        time.sleep(0.3)


async def test_more_context_than_any_node_has(network: MakeNet) -> None:
    async with network(nodes=1) as net:
        reply = await net.chat("word " * 3000)
        assert reply.status_code == 400
        error = reply.json()["error"]
        assert error["type"] == "invalid_request_error"
        assert "tokens" in error["message"]
        assert net.query("SELECT COUNT(*) FROM postings WHERE account LIKE 'escrow:%' AND amount > 0") == [
            (0,)
        ]
        await hostile_peers_change_nothing(net)


async def hostile_peers_change_nothing(net: Net) -> None:
    """Malformed and oversized frames end their own connection; honest work goes on beside them."""
    url = f"ws://127.0.0.1:{net.port}/net/v1/ws"
    for rubbish in (
        "{",
        "[]" * 10,
        "\x00" * 50,
        "x" * (3 << 20),
        '{"session":"","counter":0,"body":{},"signature":""}',
    ):
        async with websockets.connect(url, max_size=None, proxy=None) as peer:
            await peer.recv()
            await peer.send(rubbish)
            with pytest.raises(websockets.ConnectionClosed):
                for _ in range(3):
                    await peer.recv()
    async with httpx.AsyncClient(base_url=net.base, trust_env=False) as http:
        for body in (b"{", b"[]", b'{"model": 3}', b"x" * (2 << 20)):
            reply = await http.post(
                "/v1/chat/completions", content=body, headers={"Authorization": "Bearer t"}
            )
            assert 400 <= reply.status_code < 500
            assert reply.json()["error"]["message"]
    assert (await net.chat("Name a fish.")).status_code == 200
