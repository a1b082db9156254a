"""`quarterdeck practice --headless`: the promise of the README, run as a newcomer runs it, for one minute."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from console.practice.plan import POLICY

pytestmark = [pytest.mark.e2e, pytest.mark.model]

KEYS = {
    "jobs": {"received", "accepted", "rejected", "failed", "unpaid_accepted", "paid_twice"},
    "tokens": {"prompt", "generated"},
    "audits": {"structure", "replay", "recompute", "rejected"},
    "ledger": {"sum", "paid", "held", "refunded", "penalised"},
    "seconds": {"to_first_token", "to_first_accepted", "to_first_payment"},
}


def run(home: Path, models: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"QUARTERDECK_HOME": str(home), "QUARTERDECK_MODELS": str(models)}
    command = [sys.executable, "-m", "console", "practice", "--headless", "--json", *more]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=400, check=False)


def test_a_minute_of_practice(tmp_path: Path, starter_model: Path) -> None:
    kept = tmp_path / "kept"
    done = run(
        tmp_path / "h",
        starter_model.parent,
        "--nodes",
        "1",
        "--minutes",
        "1",
        "--seed",
        "7",
        "--keep",
        str(kept),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for key, names in KEYS.items():
        assert names <= set(report[key]), key
    assert report["schema_version"] == 1
    assert report["jobs"]["accepted"] >= 5
    assert report["jobs"]["unpaid_accepted"] == report["jobs"]["paid_twice"] == 0
    assert report["ledger"]["sum"] == report["ledger"]["held"] == 0
    honest = [n for n in report["nodes"] if n["honest"]]
    assert len(honest) == 1
    assert all(n["rejected"] == 0 and n["penalised"] == 0 for n in honest)
    rogue_is_caught(report, kept)
    cost_is_told(report)
    verdicts_agree_until_one_is_changed(kept, starter_model.parent)
    every_draw_holds_until_one_is_changed(kept, report)
    statements_agree_until_a_receipt_is_gone(kept, report)
    left = [p.pid for p in psutil.process_iter() if str(tmp_path) in " ".join(cmdline(p))]
    assert left == []


def every_draw_holds_until_one_is_changed(kept: Path, report: dict) -> None:  # type: ignore[type-arg]
    """`audit draws` recomputes the run, all epochs of which are closed, and names what is changed."""

    def audit() -> tuple[int, dict]:  # type: ignore[type-arg]
        command = [sys.executable, "-m", "console", "audit", "draws", "--data", str(kept), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, json.loads(done.stdout)

    code, told = audit()
    assert (code, told["wrong"], told["findings"], told["open"]) == (0, 0, [], [])
    assert told["checked"] >= report["jobs"]["received"]
    won = {node["id"]: node["won"] for node in told["nodes"]}
    assert won == {node["id"]: node["draws"] for node in report["nodes"]}
    with sqlite3.connect(kept / "coordinator" / "coordinator.sqlite") as db:
        db.execute("UPDATE tickets SET nonce = '00' || substr(nonce, 3) WHERE k = 0 AND epoch = 1")
    code, told = audit()
    assert code == 1
    assert {one["code"] for one in told["findings"]} >= {"closing"}


def rogue_is_caught(report: dict, kept: Path) -> None:  # type: ignore[type-arg]
    """Its first audited answer of 32 tokens or more is rejected, and it pays.

    One of two nodes is drawn in none of fifteen jobs once in 30,000 runs. Three short ones may have been
    rejected before it gave a longer one: it is suspended then, and gives none.
    """
    (rogue,) = [n for n in report["nodes"] if not n["honest"]]
    with sqlite3.connect(next(kept.rglob("coordinator.sqlite"))) as db:
        judged = db.execute(
            "SELECT outcome FROM verdicts WHERE node = ? AND mode <> 'not_audited' AND tokens_checked >= 32 "
            "ORDER BY at_ms",
            (rogue["id"],),
        ).fetchall()
    assert judged[:1] == [("rejected",)] or (not judged and rogue["rejected"] >= POLICY.suspend_after)
    assert rogue["rejected"] >= 1
    assert rogue["penalised"] > 0


def cost_is_told(report: dict) -> None:  # type: ignore[type-arg]
    audits = report["audits"]
    assert audits["confirmed"] == audits["rejected"] > 0, "each by two verifiers"
    assert audits["disagreements"] == audits["unconfirmed"] == 0
    assert audits["work"]["verified_rows"] > 0 and audits["cost_ratio"] > 0
    assert audits["rate"] >= audits["rate_that_deters"] > 0


def verdicts_agree_until_one_is_changed(kept: Path, models: Path) -> None:
    """Recomputed on an engine of this command's own, every verdict agrees; a changed figure is named."""

    def audit(*words: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        command = [sys.executable, "-m", "console", "audit", "verdict", "--data", str(kept), "--json", *words]
        environment = os.environ | {"QUARTERDECK_MODELS": str(models)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, told = audit("--all")
    assert (code, told["disagree"], told["abstained"]) == (0, 0, 0), told["findings"]
    assert told["agree"] == told["checked"] >= 5 and told["recomputed"] >= 3
    with sqlite3.connect(next(kept.rglob("coordinator.sqlite"))) as db:
        (name,) = db.execute("SELECT id FROM verdicts WHERE mode = 'recompute_exact' LIMIT 1").fetchone()
        db.execute("UPDATE verdicts SET positions = positions - 1 WHERE id = ?", (name,))
    code, told = audit(name)
    assert (code, told["checked"], told["disagree"]) == (1, 1, 1)
    assert {"verdict", "positions"} <= {finding["name"] for finding in told["findings"]}


def statements_agree_until_a_receipt_is_gone(kept: Path, report: dict) -> None:  # type: ignore[type-arg]
    """Recounted from the postings, the epochs' statements agree with what practice says it paid."""

    def audit() -> tuple[int, dict]:  # type: ignore[type-arg]
        command = [sys.executable, "-m", "console", "audit", "statement", "--data", str(kept), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, told = audit()
    assert (code, told["ok"], told["findings"]) == (0, True, [])
    assert told["claimed"] == told["accepted"] == told["settled"] == report["ledger"]["paid"] > 0
    assert told["receipts"] == report["jobs"]["accepted"] + report["jobs"]["rejected"]
    with sqlite3.connect(next(kept.rglob("coordinator.sqlite"))) as db:
        db.execute("DELETE FROM receipts WHERE job = (SELECT min(job) FROM receipts)")
    code, told = audit()
    assert (code, told["ok"]) == (1, False)
    assert "receipt_missing" in {finding["name"] for finding in told["findings"]}


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
