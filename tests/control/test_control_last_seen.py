"""The last snapshot on disk: private, whole or not at all, and never believed when it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from recordings.make import EARNING

from console.control import last_seen
from console.control.last_seen import JOBS_KEPT, keep, kept_in, recall


def test_what_was_kept_is_recalled_shortened(tmp_path: Path) -> None:
    path = kept_in(tmp_path / "seen", Path("/run/agent.sock"))
    keep(path, 5_000, EARNING)
    seen = recall(path, 6_000)
    assert seen is not None and seen.at_ms == 5_000
    assert seen.state.money == EARNING.money
    assert seen.state.jobs == EARNING.jobs[:JOBS_KEPT]
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_every_agent_has_its_own() -> None:
    assert kept_in(Path("/c"), Path("/a.sock")) != kept_in(Path("/c"), Path("/b.sock"))


@pytest.mark.parametrize("damaged", [b"", b"{", b'{"at_ms": 1}', b"\x00" * 40])
def test_a_damaged_one_is_nothing(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(damaged)
    assert recall(path, 9_999) is None


def test_one_from_the_future_or_too_large_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    keep(path, 5_000, EARNING)
    assert recall(path, 4_999) is None
    monkeypatch.setattr(last_seen, "BYTES_LIMIT", 10)
    assert recall(path, 6_000) is None


def test_a_disk_that_does_not_take_it_is_nobodys_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    keep(tmp_path / "file" / "x.json", 5_000, EARNING)
    assert recall(tmp_path / "file" / "x.json", 6_000) is None
