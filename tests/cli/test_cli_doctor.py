"""`quarterdeck doctor`: every check in all its states, the keys of its JSON, its exit code."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from console.cli import doctor as command
from console.cli import terminal_check
from console.cli.terminal_check import Terminal
from console.hardware import checks, host
from console.hardware.checks import Look
from console.hardware.facts import Cpu, Disk, Finding, Gpu, HardwareReport, Memory, Runtime, RuntimeDevice

GIB = 2**30
GOOD = HardwareReport(
    schema_version=1,
    cpu=Cpu("EPYC", 8, 8, usable_cores=8.0, load_1m=1.0),
    memory=Memory(8 * GIB, 6 * GIB, 8 * GIB, 6 * GIB),
    disks=(Disk("/data", 100 * GIB, 40 * GIB, kind="ext4", read_only=False, networked=False),),
    gpus=(),
    runtime=Runtime(available=True, version="0.3.36", gpu_offload=False),
)
ABSENT = Runtime(available=False, problem="No module named 'llama_cpp'")
RTX = Gpu(vendor="nvidia", index=0, name="RTX 4090", source="nvml")
NO_RUNTIME = Finding("runtime", "fail", "missing", "not installed", "install it")


def look(python: tuple[int, int] = (3, 12), compilers: tuple[str, ...] = (), **changes: object) -> Look:
    report = msgspec.structs.replace(GOOD, **changes)
    return Look(report, python, {"c++": "/usr/bin/c++" if "c++" in compilers else None})


def memory(available: int) -> Memory:
    return Memory(GIB, available, GIB, available)


def disk(**changes: object) -> tuple[Disk, ...]:
    return (msgspec.structs.replace(GOOD.disks[0], **changes),)


CASES: list[tuple[checks.Check, Look, str, str]] = [
    (checks.python_version, look(), "pass", "supported"),
    (checks.python_version, look(python=(3, 10)), "fail", "3.11"),
    (checks.memory, look(), "pass", "fits"),
    (checks.memory, look(memory=memory(400 * 2**20)), "warn", "600 MiB"),
    (checks.memory, look(memory=memory(100 * 2**20)), "fail", "600 MiB"),
    (checks.memory, look(memory=None), "warn", "not known"),
    (checks.disk, look(), "pass", "room"),
    (checks.disk, look(disks=disk(free_bytes=GIB)), "warn", "full disk"),
    (checks.disk, look(disks=disk(free_bytes=2**20)), "fail", "full disk"),
    (checks.disk, look(disks=disk(read_only=True)), "fail", "read-only"),
    (checks.disk, look(disks=disk(networked=True, kind="nfs4")), "warn", "nfs4"),
    (checks.disk, look(disks=()), "fail", "does not answer"),
    (checks.llama_cpp, look(), "pass", "can be run"),
    (checks.llama_cpp, look(runtime=ABSENT, findings=(NO_RUNTIME,)), "fail", "not installed"),
    (checks.llama_cpp, look(runtime=ABSENT), "fail", "no answer"),
    (checks.compiler, look(), "pass", "Not needed"),
    (checks.compiler, look(runtime=ABSENT, compilers=("c++",)), "pass", "can be built"),
    (checks.compiler, look(runtime=ABSENT), "fail", "no C++ compiler"),
    (checks.gpu, look(), "pass", "processor"),
    (checks.gpu, look(gpus=(RTX,), runtime=ABSENT), "pass", "cannot be asked"),
    (
        checks.gpu,
        look(gpus=(RTX,), runtime=Runtime(True, devices=(RuntimeDevice("CUDA0", "RTX", "gpu"),))),
        "pass",
        "same GPUs",
    ),
    (
        checks.gpu,
        look(gpus=(RTX,), findings=(Finding("gpu_runtime", "warn", "s", "stands idle", "r"),)),
        "warn",
        "stands idle",
    ),
    (checks.threads, look(), "pass", "spare"),
    (checks.threads, look(cpu=Cpu("X", 8, 8, usable_cores=8.0, load_1m=9.0)), "warn", "busy"),
    (checks.threads, look(cpu=Cpu("X", 8, 8, usable_cores=1.5)), "warn", "fewer"),
    (checks.threads, look(cpu=Cpu("X", 8)), "pass", "spare"),
]


@pytest.mark.parametrize(("check", "seen", "status", "words"), CASES)
def test_each_check_in_each_state(check: checks.Check, seen: Look, status: str, words: str) -> None:
    (finding,) = check(seen)
    assert finding.status == status
    assert words in finding.meaning
    assert finding.seen
    assert bool(finding.remedy) == (status != "pass")


NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("now_s", "kept", "status"),
    [
        (NOW_S, True, "pass"),
        (NOW_S, None, "pass"),
        (NOW_S, False, "warn"),
        (0.0, True, "fail"),
        (NOW_S - 3 * host.DAY_S, True, "fail"),
        (5e9, True, "fail"),
    ],
)
def test_the_clock(now_s: float, kept: bool | None, status: str) -> None:
    assert host.clock(now_s, installed_s=NOW_S - host.DAY_S, kept=kept).status == status


def test_the_real_clock_is_plausible() -> None:
    assert host.installed_s() > host.CLOCK_EARLIEST_S
    assert host.clock_kept() in (True, False, None)


def test_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert host.data_folder(folder).status == "pass"
    folder.mkdir(mode=0o700)
    assert host.data_folder(folder).status == "pass"
    folder.chmod(0o755)
    open_to_all = host.data_folder(folder)
    assert (open_to_all.status, open_to_all.remedy) == ("warn", f"Close it: chmod 700 {folder}")
    assert list(folder.iterdir()) == []


def test_a_file_in_the_data_folders_place_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert host.data_folder(tmp_path / "home").status == "fail"
    assert host.data_folder(tmp_path / "home" / "below").status == "fail"


def test_a_data_folder_of_somebody_else_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    finding = host.data_folder(tmp_path)
    assert finding.status == "fail"
    assert "another user" in finding.meaning


GOOD_TERMINAL = Terminal("xterm-256color", "utf-8", "256", 80, 24)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "pass", "fits"),
        ({"columns": None, "lines": None}, "pass", "needs a terminal"),
        ({"columns": 70}, "pass", "folded"),
        ({"columns": 59}, "warn", "status page"),
        ({"lines": 15}, "warn", "status page"),
        ({"term": "dumb"}, "warn", "cursor"),
        ({"term": ""}, "warn", "cursor"),
        ({"encoding": "ascii"}, "warn", "ASCII"),
    ],
)
def test_the_terminal(changes: dict[str, object], status: str, words: str) -> None:
    finding = terminal_check.judge(msgspec.structs.replace(GOOD_TERMINAL, **changes))
    assert finding.status == status
    assert words in finding.meaning


def test_colours_in_words() -> None:
    assert terminal_check.colours({"NO_COLOR": "1", "COLORTERM": "truecolor"}) == "off by NO_COLOR"
    assert terminal_check.colours({"COLORTERM": "truecolor"}) == "16 million"
    assert terminal_check.colours({"TERM": "screen-256color"}) == "256"
    assert terminal_check.colours({"TERM": "xterm"}) == "16"
    assert terminal_check.colours({}) == "none"


def test_an_escape_in_term_is_not_shown() -> None:
    finding = terminal_check.judge(msgspec.structs.replace(GOOD_TERMINAL, term="x\x1b[2J"))
    assert "\x1b" not in finding.seen


def test_the_agent_is_running_absent_or_left_over(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    assert command.agent_at(path).seen == "not running"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert command.agent_at(path).seen == "running"
    left_over = command.agent_at(path)
    assert left_over.status == "warn"
    assert left_over.remedy


def test_worst_and_unclaimed_findings() -> None:
    extra = Finding("nvidia_probe", "warn", "s", "m", "r")
    report = command.examine(look(findings=(extra,)), [])
    assert report.worst == "warn"
    assert extra in report.checks
    assert command.examine(look(), []).worst == "pass"
    assert command.examine(look(disks=()), []).worst == "fail"


def test_a_check_that_fails_itself_is_a_finding() -> None:
    def coordinator() -> Finding:
        raise OSError("no route\x1b[2J")

    finding = command.examine(look(), [coordinator]).checks[-1]
    assert (finding.name, finding.status) == ("coordinator", "warn")
    assert finding.seen == "OSError: no route[2J"


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Callable[[Look], None]:
    def use(seen: Look) -> None:
        monkeypatch.setattr(command, "look", lambda: seen)
        monkeypatch.setattr(command, "HOST_CHECKS", [])

    return use


@pytest.mark.parametrize(
    ("seen", "worst", "code"),
    [
        (look(), "pass", 0),
        (look(memory=None), "warn", 0),
        (look(disks=()), "fail", 1),
    ],
)
@pytest.mark.parametrize("options", [["--json"], []])
def test_the_exit_code_is_one_only_for_a_failure(
    seen: Look, worst: str, code: int, options: list[str], canned: Callable[[Look], None]
) -> None:
    canned(seen)
    result = CliRunner().invoke(command.doctor, options)
    assert result.exit_code == code
    assert result.stderr == ""
    if options:
        assert json.loads(result.stdout)["worst"] == worst
    else:
        assert f"{'1' if worst == 'fail' else '0'} fail" in result.stdout


def test_json_of_this_machine_has_the_fixed_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(command.doctor, ["--json"])
    document = json.loads(result.stdout)
    assert document.keys() == {"schema_version", "worst", "checks"}
    assert document["schema_version"] == 1
    assert document["worst"] in ("pass", "warn", "fail")
    assert result.exit_code == (1 if document["worst"] == "fail" else 0)
    for check in document["checks"]:
        assert check.keys() == {"name", "status", "seen", "meaning", "remedy"}
        assert check["status"] in ("pass", "warn", "fail")
    names = {check["name"] for check in document["checks"]}
    assert {"python", "memory", "disk", "runtime", "compiler", "threads", "clock", "agent"} <= names
    assert {"terminal", "data_folder"} <= names


def test_what_people_read_shows_meaning_and_remedy(canned: Callable[[Look], None]) -> None:
    canned(look(memory=memory(2**20), runtime=ABSENT, findings=(NO_RUNTIME,)))
    result = CliRunner().invoke(command.doctor, [])
    assert "✗ fail" in result.stdout
    assert "→ install it" in result.stdout


def test_a_terminal_without_utf_8_gets_ascii(canned: Callable[[Look], None]) -> None:
    canned(look(runtime=ABSENT, findings=(NO_RUNTIME,)))
    result = CliRunner(charset="ascii").invoke(command.doctor, [])
    assert "x fail" in result.stdout
    assert "-> install it" in result.stdout


def test_neither_command_is_slow_to_import() -> None:
    heavy = ("textual", "rich", "psutil", "console.hardware.report")
    code = (
        "import console.cli.hardware, console.cli.doctor, sys\n"
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unusable_configuration_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    assert command.configuration().status == "pass"
    (tmp_path / "config.toml").write_text("x = [")
    found = command.configuration()
    assert found.status == "fail" and "not valid TOML" in found.meaning
