"""The same practice command over PostgreSQL and NATS: paid, audited and left behind as with the defaults."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def servers() -> Iterator[Path]:
    """A folder for servers, so that no other's is in the way; open to the user that PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="qd-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_practice_on_servers_of_its_own(tmp_path: Path, starter_model: Path, servers: Path) -> None:
    kept = tmp_path / "kept"
    environment = os.environ | {
        "QUARTERDECK_HOME": str(tmp_path / "h"),
        "QUARTERDECK_MODELS": str(starter_model.parent),
        "TMPDIR": str(servers),
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "console", *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=400, check=False
        )

    done = run(
        "practice", "--headless", "--json", "--store", "postgres", "--transport", "nats", "--nodes", "1",
        "--rogue", "0", "--minutes", "0.2", "--seed", "7", "--keep", str(kept),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["jobs"]["accepted"] == report["jobs"]["received"] >= 2
    assert report["jobs"]["unpaid_accepted"] == report["jobs"]["paid_twice"] == 0
    assert report["ledger"]["sum"] == report["ledger"]["held"] == 0
    assert report["ledger"]["paid"] > 0
    audited = run("audit", "draws", "--data", str(kept), "--json")
    told = json.loads(audited.stdout)
    assert (audited.returncode, told["wrong"]) == (0, 0), told["findings"]
    assert told["checked"] == report["jobs"]["received"]
    assert 'coordinator = "nats://127.0.0.1:' in (kept / "you" / "config.toml").read_text("utf-8")
    assert list(servers.glob("quarterdeck-*")) == [], "its servers are gone"
