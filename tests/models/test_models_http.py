"""The HTTP source against a server on loopback that breaks off, lies, or knows no ranges."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from local_index import MODEL, make_entry, make_wheel

from console.models import CatalogueEntry, ModelError, fetch
from console.models.catalogue import HttpSource


class Server(ThreadingHTTPServer):
    """Serves MODEL; `cut` ends an answer early, `status` and `shift` make it lie."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cut: int | None = None
        self.status: int | None = None
        self.shift = 0
        self.ranges = True
        self.asked: list[str | None] = []
        self.body = MODEL

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is part of these tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("range")
        self.server.asked.append(asked)
        start = int(asked[6:-1]) if asked and self.server.ranges else 0
        body = self.server.body
        self.send_response(self.server.status or (206 if start else 200))
        self.send_header("content-length", str(len(body) - start))
        if start:
            given = start + self.server.shift
            self.send_header("content-range", f"bytes {given}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(body[start : self.server.cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def entry(server: Server, tmp_path: Path) -> CatalogueEntry:
    source = HttpSource(f"http://127.0.0.1:{server.server_port}/tiny.gguf")
    return msgspec.structs.replace(make_entry(make_wheel(tmp_path / "unused")), source=source)


def refused(entry: CatalogueEntry, models: Path, code: str) -> None:
    with pytest.raises(ModelError) as caught:
        fetch(entry, models)
    assert caught.value.code == code


def test_whole(server: Server, entry: CatalogueEntry, tmp_path: Path) -> None:
    assert fetch(entry, tmp_path / "m").read_bytes() == MODEL
    assert server.asked == [None]


@pytest.mark.parametrize("ranges", [True, False])
def test_goes_on_where_it_broke_off(
    server: Server, entry: CatalogueEntry, tmp_path: Path, ranges: bool
) -> None:
    server.cut = 3_000_000
    refused(entry, tmp_path / "m", "source_unreachable")
    part = tmp_path / "m" / ".partial" / "tiny" / "tiny.gguf.part"
    kept = part.stat().st_size
    assert 0 < kept <= 3_000_000
    server.cut, server.ranges = None, ranges
    assert fetch(entry, tmp_path / "m").read_bytes() == MODEL
    assert server.asked == [None, f"bytes={kept}-"]


def test_damaged_part_is_refused_then_fetched_anew(
    server: Server, entry: CatalogueEntry, tmp_path: Path
) -> None:
    server.cut = 3_000_000
    refused(entry, tmp_path / "m", "source_unreachable")
    part = tmp_path / "m" / ".partial" / "tiny" / "tiny.gguf.part"
    part.write_bytes(b"x" + part.read_bytes()[1:])
    server.cut = None
    refused(entry, tmp_path / "m", "wrong_hash")
    assert fetch(entry, tmp_path / "m").read_bytes() == MODEL


def test_another_range_than_asked_for(server: Server, entry: CatalogueEntry, tmp_path: Path) -> None:
    server.cut = 3_000_000
    refused(entry, tmp_path / "m", "source_unreachable")
    server.cut, server.shift = None, 5
    refused(entry, tmp_path / "m", "source_unreachable")


def test_refusal(server: Server, entry: CatalogueEntry, tmp_path: Path) -> None:
    server.status = 404
    refused(entry, tmp_path / "m", "source_unreachable")


def test_endless_answer_stops_at_the_models_size(
    server: Server, entry: CatalogueEntry, tmp_path: Path
) -> None:
    server.body = MODEL + bytes(20_000_000)
    refused(entry, tmp_path / "m", "fetch_failed")
    part = tmp_path / "m" / ".partial" / "tiny" / "tiny.gguf.part"
    assert part.stat().st_size == 0
