"""`quarterdeck coordinator` as an operator meets it: real processes, no model needed for what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from console.cli.coordinator import coordinator
from console.coordinator.settings_file import load_config


def run(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "console", "coordinator", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=os.environ | (env or {}), check=False
    )


def refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.e2e
def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(run("run", "--home", str(tmp_path), "--port", port), f"Port {port} of 127.0.0.1")


@pytest.mark.e2e
def test_an_unreadable_policy_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[policy]\nclient_rate = ")
    refused(run("run", "--home", str(tmp_path), "--policy", str(path)), str(path))


@pytest.mark.e2e
def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    refused(run("run", "--home", str(tmp_path / "home")), "--home")


@pytest.mark.e2e
def test_models_that_cannot_be_served_are_named(tmp_path: Path) -> None:
    noise = tmp_path / "noise.gguf"
    noise.write_bytes(os.urandom(4096))
    words = ("run", "--home", str(tmp_path / "home"), "--port", "0", "--model")
    refused(run(*words, str(noise)), "GGUF")
    refused(run(*words, str(tmp_path / "missing.gguf")), "missing.gguf")
    refused(run(*words, "no-such-model"), "no-such-model")


@pytest.mark.e2e
def test_a_catalogue_model_with_a_wrong_hash_is_refused(tmp_path: Path) -> None:
    from console.models import STARTER

    (tmp_path / STARTER.file_name).write_bytes(b"GGUF" + os.urandom(4096))
    words = ("run", "--home", str(tmp_path / "home"), "--port", "0")
    refused(run(*words, env={"QUARTERDECK_MODELS": str(tmp_path)}), "SHA-256")


def test_wrong_usage_exits_with_2() -> None:
    assert CliRunner().invoke(coordinator, ["run", "--port", "70000"]).exit_code == 2
    assert CliRunner().invoke(coordinator, ["key", "a b"]).exit_code == 2


def test_a_key_is_shown_once_and_only_its_hash_goes_into_the_policy() -> None:
    result = CliRunner().invoke(coordinator, ["key", "ann"])
    lines = result.stdout.splitlines()
    table = tomllib.loads("\n".join(lines[1:]))
    assert table["clients"]["ann"]["key_sha256"] == hashlib.sha256(lines[0].encode()).hexdigest()
    assert lines[0] not in "\n".join(lines[1:])


def test_a_client_may_have_several_keys_by_name(tmp_path: Path) -> None:
    result = CliRunner().invoke(coordinator, ["key", "ann", "--name", "laptop"])
    lines = result.stdout.splitlines()
    policy = tmp_path / "policy.toml"
    policy.write_text("\n".join(lines[1:]))
    digest = hashlib.sha256(lines[0].encode()).hexdigest()
    assert load_config(policy).clients["ann"].digests() == {digest: "laptop"}
    assert CliRunner().invoke(coordinator, ["key", "ann", "--name", "a b"]).exit_code == 2


def test_the_configuration_of_message_servers_names_public_keys_alone(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    words = [word for home in homes for word in ("--home", str(home))]
    done = run("nats-config", *words, "--shared", str(tmp_path / "shared"), "--listen", "10.0.0.1:4222")
    assert done.returncode == 0, done.stderr
    assert 'listen: "10.0.0.1:4222"' in done.stdout
    assert done.stdout.count("nkey: U") == 4
    again = run("nats-config", *words, "--shared", str(tmp_path / "shared"), "--listen", "10.0.0.1:4222")
    assert again.stdout == done.stdout
    for home in homes:
        assert (home / "coordinator.key").read_bytes().hex() not in done.stdout
        assert (home / "coordinator.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.e2e
def test_a_coordinator_does_not_make_up_what_the_network_shares(tmp_path: Path, starter_model: Path) -> None:
    words = ["--home", str(tmp_path), "--port", "0", "--transport", "nats://127.0.0.1:9"]
    missing = tmp_path / "shared"
    done = run(
        "run", *words, "--nats-shared", str(missing), env={"QUARTERDECK_MODELS": str(starter_model.parent)}
    )
    refused(done, f"{missing} is not there. Copy it from another coordinator")
    assert not missing.exists()


@pytest.mark.parametrize("words", [("--home", "a", "--home", "b"), ("--listen", "4222"), ("--listen", "a:b")])
def test_what_is_no_configuration_is_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run("nats-config", *(str(tmp_path / word) if word in "ab" else word for word in words))
    assert (done.returncode, done.stdout) == (2, "")


def test_a_damaged_shared_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "shared").write_bytes(b"short")
    refused(run("nats-config", "--home", str(tmp_path), "--shared", str(tmp_path / "shared")), "is damaged")


@pytest.mark.e2e
def test_a_gateway_says_that_nobody_is_there_and_stops_when_it_is_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["gateway", "--port", str(port), "--store", str(tmp_path / "none.sqlite")]
    running = subprocess.Popen([sys.executable, "-m", "console", "coordinator", *words])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.ConnectError):
                    assert http.get("/healthz").status_code == 503
                    assert http.get("/v1/models").json() == {"object": "list", "data": []}
                    break
                time.sleep(0.1)
    finally:
        running.terminate()
    assert running.wait(20) == 0


def test_a_gateway_needs_a_database(tmp_path: Path) -> None:
    assert run("gateway").returncode == 2
