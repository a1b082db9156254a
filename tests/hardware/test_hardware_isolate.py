"""A hanging, crashing or lying child costs its own answer and nothing else."""

import json
import os
import sys
from pathlib import Path

import psutil
import pytest

from console.hardware import isolate, probe
from console.hardware.probes import pci
from console.hardware.report import gather


def child(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_good_answer_arrives() -> None:
    answer = isolate.ask("x", child('print(\'{"facts": {"a": 1}}\')'), 30)
    assert answer.facts == {"a": 1}
    assert answer.problem is None


def test_a_hanging_child_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, threading\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        f"open({str(note)!r} + '.new', 'w').write(f'{{os.getpid()}} {{inner.pid}}')\n"
        f"os.rename({str(note)!r} + '.new', {str(note)!r})\n"
        "threading.Event().wait()\n"
    )
    timeout_s = 1.0
    while not note.exists():
        answer = isolate.ask("x", child(code), timeout_s)
        timeout_s *= 2
    assert answer.facts is None
    assert answer.problem is not None and "no answer within" in answer.problem
    processes = [psutil.Process(int(pid)) for pid in note.read_text().split() if psutil.pid_exists(int(pid))]
    assert all(p.status() == psutil.STATUS_ZOMBIE for p in psutil.wait_procs(processes, timeout=10)[1])


def test_a_crash_is_told_by_its_signal() -> None:
    answer = isolate.ask("x", child("import os; os.abort()"), 30)
    assert answer.problem == "the probe crashed (SIGABRT) without an answer"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('hello from the driver')", "not JSON"),
        ("print('[' * 100000)", "not JSON"),
        ("print('[1]')", "no facts"),
        ("print('{\"facts\": 7}')", "no facts"),
        ('print(\'{"error": "KeyError: \\\\u001b[31m"}\')', "KeyError: [31m"),
        ("print('1' * 6000)", "not JSON"),
        ("pass", "ended (exit code 0) without an answer"),
        ("raise SystemExit(3)", "ended (exit code 3) without an answer"),
        ("import sys; sys.stdout.write('x' * 3_000_000)", "more than 1024 kB"),
    ],
)
def test_garbage_is_a_problem_in_words(code: str, words: str) -> None:
    answer = isolate.ask("x", child(code), 30)
    assert answer.facts is None
    assert answer.problem is not None and words in answer.problem


def test_a_program_that_is_not_there_is_a_problem() -> None:
    answer = isolate.ask("x", ["/nonexistent/program"], 5)
    assert answer.problem is not None and "could not be started" in answer.problem


def fake_module(folder: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / f"{name}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_stray_prints_of_a_driver_do_not_spoil_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_module(
        tmp_path,
        "pynvml",
        "import os\nprint('NOISE')\nos.write(1, b'C NOISE')\ndef nvmlInit(): raise KeyError('x')",
        monkeypatch,
    )
    answer = isolate.ask("nvidia", isolate.probe_command("nvidia"), 30)
    assert answer.facts is not None
    assert answer.facts["absent"] == "KeyError: 'x'"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.abort()", "SIGABRT"),
        ("import os; os._exit(9)", "exit code 9"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    ],
)
def test_a_driver_that_dies_on_import_stops_only_its_own_probe(
    code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_module(tmp_path, "pynvml", code, monkeypatch)
    report = gather([tmp_path])
    finding = next(f for f in report.findings if f.name == "nvidia_probe")
    assert words in finding.seen
    assert finding.remedy
    assert report.cpu.logical_cores >= 1
    assert report.memory is not None
    assert report.disks[0].free_bytes > 0
    assert report.gpus == ()


def test_a_driver_that_hangs_stops_only_its_own_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_module(tmp_path, "pynvml", "import threading; threading.Event().wait()", monkeypatch)

    def asker(name: str, command: list[str], timeout_s: float) -> isolate.Answer:
        return isolate.ask(name, command, 1.0 if name == "nvidia" else 60.0)

    report = gather([tmp_path], asker=asker)
    assert [f.seen for f in report.findings if f.name == "nvidia_probe"] == ["no answer within 1 s"]
    assert report.memory is not None


def test_the_working_folder_cannot_pose_as_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    assert isolate.ask("pci", isolate.probe_command("pci"), 30).problem is None


def test_the_child_refuses_an_unknown_probe(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main(["launch"]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyError("libamd_smi.so"), SystemExit(1), KeyboardInterrupt()])
def test_a_probe_that_raises_answers_with_the_error(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(root: Path) -> dict[str, object]:
        raise error

    monkeypatch.setattr(pci, "probe", raising)
    assert type(error).__name__ in str(probe.ask("pci", tmp_path, tmp_path)["error"])


def test_nan_leaves_the_child_as_a_word() -> None:
    reading, writing = os.pipe()
    probe.write_line(writing, {"t": float("nan"), "b": b"\xff", "o": (1, {2})})
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert json.loads(stream.read()) == {"t": "nan", "b": "\ufffd", "o": [1, [2]]}
