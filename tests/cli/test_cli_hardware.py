"""`quarterdeck hardware`: the keys that programs read, and the two columns that people do."""

import io
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from console.cli import hardware as command
from console.hardware.facts import Cpu, Disk, Finding, Gpu, HardwareReport, Memory, Runtime, RuntimeDevice

GIB = 2**30
PLAIN = HardwareReport(
    schema_version=1,
    cpu=Cpu("AMD EPYC", 8, 4, usable_cores=2.0, features=("avx2", "fma"), load_1m=0.5, temperature_c=51.0),
    memory=Memory(8 * GIB, 6 * GIB, 64 * GIB, 60 * GIB, container_limit_bytes=8 * GIB),
    disks=(Disk("/data", 100 * GIB, 40 * GIB, kind="ext4"),),
    gpus=(),
    runtime=Runtime(
        available=True, version="0.3.36", gpu_offload=False, devices=(RuntimeDevice("CPU", "EPYC", "cpu"),)
    ),
)
RTX = Gpu(
    vendor="nvidia",
    index=0,
    name="RTX [bold]4090[/bold]",
    source="nvml",
    vram_total_bytes=24 * GIB,
    vram_used_bytes=7 * GIB,
    temperature_c=61.0,
    power_w=142.0,
    power_limit_w=450.0,
    throttle=("power cap",),
    driver_version="580.65",
    cuda_version="13.2",
)


def shown(report: HardwareReport, width: int = 100, encoding: str = "utf-8") -> str:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, errors="replace")
    command.show(report, Console(file=stream, width=width, highlight=False))
    stream.flush()
    return buffer.getvalue().decode(encoding)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_json_of_this_machine_has_the_fixed_keys(home: Path) -> None:
    result = CliRunner().invoke(command.hardware, ["--json"])
    assert result.exit_code == 0
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert {"model", "logical_cores", "physical_cores"} <= document["cpu"].keys()
    assert document["memory"]["available_bytes"] <= document["memory"]["total_bytes"]
    assert document["disks"][0]["path"] == str(home)
    assert isinstance(document["gpus"], list)
    assert isinstance(document["runtime"]["available"], bool)
    assert isinstance(document["findings"], list)
    assert not home.exists()


def test_the_answer_for_people_goes_to_stdout(home: Path) -> None:
    result = CliRunner().invoke(command.hardware, [])
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "What the driver sees" in result.stdout


def test_a_machine_without_a_gpu_is_told_honestly() -> None:
    text = shown(PLAIN)
    assert "No GPU: models run on the processor." in text
    assert "6.0 GiB of 8.0 GiB available (limited by the container)" in text
    assert "4 physical, 8 logical, 2 usable here, 51 °C" in text


def test_driver_and_runtime_stand_side_by_side() -> None:
    finding = Finding("gpu_runtime", "warn", "driver: 1", "The GPU stands idle.", "Build [it] again")
    text = shown(msgspec.structs.replace(PLAIN, gpus=(RTX,), findings=(finding,)))
    row = next(line for line in text.splitlines() if "4090" in line)
    assert "RTX [bold]4090[/bold]" in row and "CPU: EPYC" in row
    assert "7.0 GiB of 24.0 GiB VRAM" in text
    assert "61 °C, 142 of 450 W" in text
    assert "throttled: power cap" in text
    assert "driver 580.65, CUDA 13.2" in text
    assert "built for the processor only" in text
    assert "→ Build [it] again" in text
    assert "No GPU" not in text


def test_a_lost_gpu_shows_no_numbers() -> None:
    text = command.gpu_words(msgspec.structs.replace(RTX, state="lost"))
    assert "LOST" in text
    assert "61" not in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_and_a_narrow_terminal_will_do(encoding: str) -> None:
    finding = Finding("x", "warn", "seen", "meaning", "remedy")
    text = shown(msgspec.structs.replace(PLAIN, gpus=(RTX,), findings=(finding,)), 60, encoding)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 60
    assert "remedy" in text


def test_a_runtime_that_is_absent_or_mute_is_said_to_be() -> None:
    absent = Runtime(available=False, problem="No module named 'llama_cpp'")
    assert "not usable: No module" in command.runtime_words(absent)
    assert command.runtime_rows(absent) == ["nothing: llama.cpp cannot be loaded"]
    assert command.runtime_rows(Runtime(available=True)) == ["this build cannot list its devices"]
    assert command.memory_words(None) == "not known"
