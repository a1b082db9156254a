"""`quarterdeck audit draws`: over a folder, and over what this node's network publishes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from fairness.made_transcripts import KEY, NODES, OTHER_KEY, honest

from console.cli import audit_draws, published, quarterdeck
from console.cli.published import base_of
from console.control.network import NetworkView
from console.control.state import NodeState
from console.control.wire import Answer
from console.fairness.own import Witnessed
from console.fairness.recount import recount
from console.protocol.transcript import Transcript

change = msgspec.structs.replace
TRUE = honest().transcript()


def run(*words: str) -> Result:
    return CliRunner().invoke(quarterdeck, ["audit", "draws", *words])


class Network:
    """A coordinator's public pages, and an agent that knows it."""

    def __init__(self) -> None:
        self.transcripts: dict[int, Transcript] = {3: TRUE}
        self.seen = Witnessed(NODES[0], KEY.node_id, {3: TRUE.commitment.seeds_root})
        self.known_as = KEY.node_id
        self.epoch = 3
        self.dialled = ""
        self.asked: list[dict[str, str | int]] = []
        network = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = network.page(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str) -> bytes:
        if path == "/net/v1/epochs":
            return msgspec.json.encode({"coordinator": self.known_as, "epochs": sorted(self.transcripts)})
        epoch = int(path.split("/")[4])
        return msgspec.json.encode(self.transcripts[epoch]) if epoch in self.transcripts else b""

    def question(self, _: Path, name: str, args: dict[str, str | int] | None = None) -> Answer:
        if name == "witnessed":
            self.asked.append(args or {})
            return Answer("1", True, "", msgspec.Raw(msgspec.json.encode(self.seen)))
        address = self.dialled or f"ws://127.0.0.1:{self.server.server_address[1]}/net/v1/ws"
        view = NetworkView(coordinator=address, coordinator_key=self.known_as, epoch=self.epoch)
        state = change(NodeState(), network=view)
        return Answer("1", True, "", msgspec.Raw(msgspec.json.encode(state)))


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    made = Network()
    monkeypatch.setattr(published, "question", made.question)
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_every_draw_of_the_own_network_is_recomputed(network: Network) -> None:
    done = run()
    assert done.exit_code == 0, done.output
    assert done.output.startswith("✓ 15 draws of epoch 3 recomputed: every one holds.")
    assert done.output.count(" to ") == len(NODES)
    slots = [roster.slot for roster in TRUE.rosters]
    assert network.asked[0]["first_slot"] == min(slots) - 1
    told = json.loads(run("--json").output)
    assert (told["schema_version"], told["checked"], told["wrong"], told["findings"]) == (1, 15, 0, [])
    assert sum(node["won"] for node in told["nodes"]) == 15


def test_what_the_node_saw_otherwise_is_found(network: Network) -> None:
    network.seen = change(network.seen, commitments={3: "00" * 32})
    done = run()
    assert done.exit_code == 1
    assert "two_commitments" in done.output
    assert json.loads(run("--json").output)["wrong"] == 1


def test_an_epoch_that_the_node_was_told_of_and_that_is_not_published_is_found(network: Network) -> None:
    roots = {epoch: TRUE.commitment.seeds_root for epoch in (2, 3, 4, 5, 6)}
    network.transcripts[5] = honest(epoch=5, before=TRUE.draws[-1].chain).transcript()
    network.seen = change(network.seen, commitments=roots)
    network.epoch = 5
    done = run()
    assert done.exit_code == 1
    told = json.loads(run("--json").output)["findings"]
    assert [(one["code"], one["epoch"]) for one in told] == [("withheld_epoch", 4)]
    assert run("--epoch", "3").exit_code == 0


def test_the_epoch_that_the_node_is_in_has_to_be_published(network: Network) -> None:
    network.epoch = 4
    assert "withheld_epoch" in run().output
    network.transcripts.clear()
    done = run()
    assert (done.exit_code, "withheld_epoch" in done.output) == (1, True)
    network.epoch = 0
    assert run().output == "No epoch is published yet, so there is nothing to recompute.\n"


def test_another_coordinator_than_the_known_one_is_found(network: Network) -> None:
    network.known_as = OTHER_KEY.node_id
    assert "another coordinator" in run().output


def test_an_epoch_that_is_not_there_is_told(network: Network) -> None:
    done = run("--epoch", "9")
    assert (done.exit_code, "no epoch 9" in done.output) == (1, True)
    assert run("--epoch", "3").exit_code == 0


def test_a_coordinator_that_does_not_answer_is_told_in_a_sentence(network: Network) -> None:
    network.server.shutdown()
    network.server.server_close()
    done = run()
    assert done.exit_code == 1
    assert "cannot be read" in done.output
    assert "Traceback" not in done.output


def test_rubbish_for_a_transcript_is_told_in_a_sentence(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "page", lambda path: b"[1]")
    done = run()
    assert done.exit_code == 1
    assert "cannot be read" in done.output


def test_a_node_that_dials_nats_is_told_where_to_ask(network: Network) -> None:
    network.dialled = "nats://127.0.0.1:4222,127.0.0.1:4223"
    done = run()
    assert done.exit_code == 1
    assert "--network http://host:8800" in done.output
    done = run("--network", f"http://127.0.0.1:{network.server.server_address[1]}/")
    assert done.exit_code == 0, done.output
    assert "15 draws of epoch 3 recomputed" in done.output


def test_a_node_that_never_signed_in_has_nothing_to_recompute(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Answer("1", True, "", msgspec.Raw(msgspec.json.encode(NodeState())))
    monkeypatch.setattr(published, "question", lambda *_: bare)
    assert "nothing to recompute" in run().output


def test_a_folder_without_a_database_fails_with_its_own_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--data", str(tmp_path)).exit_code == 1
    assert "Give the folder that `practice --keep` left" in capfd.readouterr().err


def test_findings_are_counted_and_the_first_are_written_out() -> None:
    draws = tuple(change(draw, need=99, signature="") for draw in TRUE.draws)
    found = recount([change(TRUE, draws=draws * 3)])
    lines = audit_draws.lines(found)
    assert lines[0].startswith("✗ 45 draws")
    assert "more; --json has all of them" in "".join(lines)


def test_the_address_that_nodes_dial_names_the_public_pages() -> None:
    assert base_of("ws://127.0.0.1:8170/net/v1/ws") == "http://127.0.0.1:8170"
    assert base_of("wss://net.example/net/v1/ws") == "https://net.example"
    assert base_of("nats://net.example:4222,other.example:4222") == ""
