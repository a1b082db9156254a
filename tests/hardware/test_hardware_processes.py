"""Who is at work: by a tree of /proc files, between two looks, with names that their owners chose."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.hardware import busy
from console.hardware.busy import BUSIEST, NAME_LIMIT, Crowd
from console.hardware.probes import processes
from console.hardware.probes.processes import PAGE_BYTES, TICKS_PER_S

SECRET = "--password=hunter2"


def plant(root: Path, pid: int, name: str, ticks: int = 0, start: int = 7, pages: int = 3) -> None:
    """One process, with a command line that nobody may read."""
    folder = root / "proc" / str(pid)
    folder.mkdir(parents=True)
    fields = ["S", "1"] + ["0"] * 9 + [str(ticks), str(ticks)] + ["0"] * 6 + [str(start), "999", str(pages)]
    (folder / "stat").write_bytes(f"{pid} ({name}) {' '.join(fields)} 0 0\n".encode())
    (folder / "cmdline").write_text(f"{name}\0{SECRET}")


def test_a_process_is_read_from_its_one_file(tmp_path: Path) -> None:
    plant(tmp_path, 41, "tmux: (server) x", ticks=TICKS_PER_S)
    (tmp_path / "proc/42").mkdir()
    plant(tmp_path, 43, "cut")
    (tmp_path / "proc/43/stat").write_text("43 (cut) S 1")
    (tmp_path / "proc/self").mkdir()
    (row,) = processes.probe(tmp_path)
    assert row == {
        "pid": 41, "name": "tmux: (server) x", "start": 7, "cpu_s": 2.0, "rss_bytes": 3 * PAGE_BYTES,
    }  # fmt: skip
    assert processes.probe(tmp_path / "none") == []


def test_no_command_line_is_ever_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, 41, "postgres")
    opened: list[str] = []
    real = open

    def watched(path: str, *args: object, **more: object) -> object:
        opened.append(path)
        return real(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(processes, "open", watched, raising=False)
    (row,) = processes.probe(tmp_path)
    assert [Path(path).name for path in opened] == ["stat"]
    assert SECRET not in repr(row)


def test_no_machine_is_too_crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for pid in range(1, 9):
        plant(tmp_path, pid, "x")
    monkeypatch.setattr(processes, "PROCESSES_MOST", 5)
    assert len(processes.probe(tmp_path)) == 5


def test_elsewhere_psutil_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    crowd = busy.judge(processes.probe(Path("/")), 0.0)
    assert any(process.cpu_s is not None and process.rss_bytes for process in crowd.seen.values())


def test_pids_of_a_container_are_not_the_drivers(tmp_path: Path) -> None:
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/pid").write_text("")
    assert not processes.names_are_the_drivers(tmp_path)


def crowd(at_s: float, *rows: tuple[int, str, float, int]) -> Crowd:
    return busy.judge(
        [
            {"pid": pid, "name": name, "start": 1, "cpu_s": cpu, "rss_bytes": rss}
            for pid, name, cpu, rss in rows
        ],
        at_s,
    )


def test_load_is_the_mean_between_two_looks() -> None:
    before = crowd(
        10.0, (1, "idle", 5.0, 1), (2, "half", 1.0, 2), (3, "two cores", 0.0, 3), (4, "us", 0.0, 4)
    )
    now = crowd(
        15.0, (1, "idle", 5.0, 1), (2, "half", 3.5, 2), (3, "two cores", 10.0, 3), (4, "us", 0.0, 4),
        (5, "new", 9.0, 5),
    )  # fmt: skip
    told = busy.busiest(before, now, {4: "quarterdeck agent"}, cores=4)
    assert [(process.name, process.cpu_percent, process.own) for process in told] == [
        ("two cores", 200.0, False),
        ("half", 50.0, False),
        ("quarterdeck agent", 0.0, True),
    ]


def test_a_pid_that_was_used_again_is_another_process() -> None:
    before = busy.judge([{"pid": 7, "name": "old", "start": 1, "cpu_s": 90.0}], 0.0)
    now = busy.judge([{"pid": 7, "name": "new", "start": 2, "cpu_s": 91.0}], 5.0)
    (process,) = busy.busiest(before, now, {7: "engine"}, cores=2)
    assert process.cpu_percent is None


def test_before_a_second_look_the_largest_are_told_without_a_load() -> None:
    told = busy.busiest(Crowd(), crowd(0.0, *((n, f"p{n}", 1.0, n) for n in range(1, 20))), {}, cores=2)
    assert [process.name for process in told] == [f"p{n}" for n in range(19, 19 - BUSIEST, -1)]
    assert {process.cpu_percent for process in told} == {None}


def test_a_hostile_name_is_data() -> None:
    name = "[red]x\x1b[2J\u202e\x00" + "y" * 500
    ((_, process),) = busy.judge([{"pid": 1, "name": name, "start": 1}], 0.0).seen.items()
    assert process.name.startswith("[red]x[2J") and len(process.name) <= NAME_LIMIT
    assert not any(char in process.name for char in "\x1b\u202e\x00")


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "pid": st.one_of(st.integers(-5, 40), st.none(), st.text(max_size=3)),
            "name": st.one_of(st.text(max_size=60), st.none(), st.integers()),
            "start": st.one_of(st.integers(0, 3), st.floats()),
            "cpu_s": st.one_of(st.floats(), st.none()),
            "rss_bytes": st.one_of(st.integers(-9, 2**70), st.none()),
        }
    ),
    max_size=30,
)


@given(ROWS, ROWS, st.floats(0, 10), st.sets(st.integers(1, 40), max_size=3))
def test_whatever_is_told_the_answer_is_bounded_and_true_to_the_watched(
    first: list[dict[str, object]], second: list[dict[str, object]], later_s: float, ours: set[int]
) -> None:
    before, now = busy.judge(first, 0.0), busy.judge(second, later_s)
    told = busy.busiest(before, now, dict.fromkeys(ours, "ours"), cores=2)
    assert sum(not process.own for process in told) <= 2 * BUSIEST
    assert all(0 <= process.cpu_percent <= 200 for process in told if process.cpu_percent is not None)
    assert {process.pid for process in told if process.own} == ours & {pid for pid, _ in now.seen}
