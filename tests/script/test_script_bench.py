"""The benches' own parts: rows, goals, the answer's schema, and the terminal that they measure in."""

from __future__ import annotations

import importlib
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "script"
sys.path.insert(0, str(SCRIPT))

from benches.__main__ import BENCHES, main  # noqa: E402
from benches.endless import endless  # noqa: E402
from benches.feeder import multiplied  # noqa: E402
from benches.rows import Row, percentile, report, table, this_machine  # noqa: E402
from benches.terminal import Terminal, Usage  # noqa: E402

from console.control.state import JOBS_KEPT, JobView, NodeState  # noqa: E402
from console.protocol.ids import JobId  # noqa: E402


@pytest.mark.parametrize(
    ("value", "goal", "holds"),
    [(0.4, 0.4, True), (0.41, 0.4, False), (9.0, None, None), (0, 0, True), (1, 0, False)],
)
def test_a_goal_is_the_most_that_a_value_may_be(value: float, goal: float | None, holds: bool | None) -> None:
    assert Row("x", value, "s", goal).holds is holds


def test_a_goal_may_be_the_least_that_a_value_has_to_be() -> None:
    assert Row("x", 1.09, "×", 1.08, least=True).holds is True
    assert Row("x", 1.07, "×", 1.08, least=True).holds is False
    assert "≥ 1.08" in table([Row("x", 1.09, "×", 1.08, least=True)])
    assert report([Row("x", 1.09, "×", 1.08, least=True)], {})["rows"][0]["least"] is True


def test_a_value_is_held_against_its_goal_before_it_is_shown_rounded() -> None:
    assert Row("x", 0.400_4, "s", 0.4).holds is False
    assert Row("x", 123_456, "tokens").shown == 123_456
    assert Row("x", 164.37, "tokens/s").shown == 164


def test_the_answer_for_programs_has_the_published_keys() -> None:
    answer = json.loads(json.dumps(report([Row("a", 1.0, "s", 2.0), Row("b", 3, "MB")], this_machine())))
    assert set(answer) == {"schema_version", "machine", "rows"}
    assert answer["schema_version"] == 1
    assert answer["machine"]["logical_cores"] == os.cpu_count()
    assert answer["rows"] == [
        {"name": "a", "value": 1.0, "unit": "s", "goal": 2.0, "holds": True},
        {"name": "b", "value": 3, "unit": "MB", "goal": None, "holds": None},
    ]


def test_the_table_says_no_where_a_goal_is_missed() -> None:
    lines = table(
        [Row("slow", 3.0, "s", 2.0), Row("free", 3.0, "s"), Row("fine", 1.0, "s", 2.0)]
    ).splitlines()
    assert lines[1].endswith("NO")
    assert lines[2].endswith("s")
    assert lines[3].endswith("yes")


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile(range(1, 101), 95) == 95
    assert percentile([7.0], 95) == 7.0
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 95)


def test_usage_is_per_second_and_of_one_core() -> None:
    usage = Usage(seconds=20.0, bytes_written=5_000, cpu_s=0.1)
    assert usage.kb_per_s == pytest.approx(0.25)
    assert usage.cpu_percent == pytest.approx(0.5)


def test_an_unknown_bench_is_refused_and_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert all(name in told.err for name in BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_an_unknown_part_is_wrong_usage_and_told_what_there_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--only", "crowdd"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    parts = importlib.import_module(f"benches.{name}").PARTS
    assert f"the bench `{name}` has no part crowdd; it has {', '.join(parts)}." in told.err


def test_an_option_of_other_benches_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "--jobs", "5"]) == 2
    assert (
        "--jobs belongs to the benches `verification`, `fairness`, not to `network`."
        in capsys.readouterr().err
    )
    assert main(["network", "--second-build"]) == 2
    assert "--second-build belongs to the bench `verification`, not to" in capsys.readouterr().err


def test_no_name_at_all_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2


def test_a_crowd_of_live_jobs_joins_the_others() -> None:
    state = NodeState(jobs=(JobView(JobId("0" * 31 + "x"), 1, "accepted", 1),))
    crowded = multiplied(state, JOBS_KEPT + 10)
    assert len(crowded.jobs) == JOBS_KEPT + 11
    assert len({job.job for job in crowded.jobs}) == JOBS_KEPT + 11
    assert [job.state for job in crowded.jobs] == ["running"] * (JOBS_KEPT + 10) + ["accepted"]


def test_the_terminal_has_its_size_counts_what_is_written_and_leaves_no_process() -> None:
    program = "import os; print(*os.get_terminal_size(), flush=True); input()"
    with Terminal([sys.executable, "-c", program], 91, 17, dict(os.environ)) as terminal:
        terminal.read_until(b"91 17\r\n", 60)
    with pytest.raises(ProcessLookupError):
        os.kill(terminal.pid, 0)


def test_a_program_that_ends_is_not_waited_for() -> None:
    with (
        Terminal([sys.executable, "-c", "print('over')"], 80, 24, dict(os.environ)) as terminal,
        pytest.raises(TimeoutError),
    ):
        terminal.read_until(b"never", 60)


def test_the_script_is_valid_shell() -> None:
    assert subprocess.run(["sh", "-n", str(SCRIPT / "bench")], check=False).returncode == 0


def test_the_endless_copy_respells_ends_and_keeps_every_other_byte(tmp_path: Path) -> None:
    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    key = b"tokenizer.ggml.eos_token_id"
    model = tmp_path / "m.gguf"
    head = b"GGUF" + text(b"<|endoftext|>") + text(b"<|im_end|>") + text(key) + struct.pack("<II", 4, 2)
    model.write_bytes(head + b"weights of <|im_end|>")
    copy = endless(model, tmp_path).read_bytes()
    assert copy.endswith(struct.pack("<II", 4, 16) + b"weights of <|im_end|>")
    assert text(b"<|im_end|>") not in copy
    assert text(b"<|endoftext|>") not in copy
    assert len(copy) == model.stat().st_size
    (tmp_path / "other.gguf").write_bytes(b"GGUF without the key")
    with pytest.raises(ValueError, match="no end token"):
        endless(tmp_path / "other.gguf", tmp_path)


def test_a_part_that_does_not_exist_is_named() -> None:
    from benches import engine

    with pytest.raises(ValueError, match="there is no part nothing; there is serving"):
        engine.measure(frozenset({"nothing"}))


def test_the_crowd_of_live_nodes_is_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    from benches import crowd_of_nodes

    monkeypatch.setattr(crowd_of_nodes, "NODES", 20)
    monkeypatch.setattr(crowd_of_nodes, "DRAWS", 5)
    rows = crowd_of_nodes.measure()
    assert all(row.value > 0 for row in rows if row.unit == "ms")
    assert [row.name for row in rows if "draw with proof" in row.name] == [
        "20 nodes: draw with proof, ticket signed",
        "20 nodes: draw with proof, without the signature",
    ]


def test_whole_networks_settle_jobs_beside_bare_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    from benches import settled

    monkeypatch.setattr(settled, "TOGETHER", 2)
    rows = {row.name: row for row in settled.measure((2,), settled.Lasts(0.1, 0.1, 0.5))}
    for pair, goal in settled.GOALS.items():
        jobs = rows[f"{pair}, 2 nodes: settled jobs"]
        assert (jobs.goal, jobs.least) == (goal, True)
        assert jobs.value > 0
        p50, p99 = (rows[f"{pair}, 2 nodes: added latency, {share}"].value for share in ("p50", "p99"))
        assert 0 < p50 <= p99
        assert rows[f"{pair}, 2 nodes: coordinator's processor"].value > 0
        assert (f"{pair}, 2 nodes: servers' processor" in rows) == (pair == settled.POSTGRES)
    assert rows[f"{settled.CEILING}, 2 nodes: requests"].value > 0
    assert rows[f"{settled.POSTGRES}, 2 nodes, two coordinators: settled jobs"].value > 0
