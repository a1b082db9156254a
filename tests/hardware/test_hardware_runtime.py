"""What llama.cpp says of itself: real where it is installed, and every way in which it can fail."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.hardware import isolate, judge_runtime
from console.hardware.isolate import Answer
from console.hardware.probes import runtime

INFO = "CPU : SSE3 = 1 | AVX = 1 | AVX512 = 0 | MATMUL_INT8 = 1 | FMA = 1 | LLAMAFILE = 1 | "


def ask() -> Answer:
    return isolate.ask("runtime", isolate.probe_command("runtime"), 120)


@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="llama-cpp-python is not installed")
def test_the_real_build_answers() -> None:
    found, findings = judge_runtime.runtime(ask())
    assert findings == ()
    assert found.available
    assert found.version
    assert found.gpu_offload is not None
    assert found.features
    assert found.devices is not None
    assert "cpu" in [device.kind for device in found.devices]


def fake_llama(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "llama_cpp.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))


MISSING = "raise ModuleNotFoundError(\"No module named 'llama_cpp'\", name='llama_cpp')"


@pytest.mark.parametrize(
    ("code", "meaning", "remedy"),
    [
        (MISSING, "not installed", "pip install llama-cpp-python"),
        ("raise OSError('libcudart.so.12: cannot open')", "cannot be loaded", "--force-reinstall"),
        ("raise ModuleNotFoundError('numpy', name='numpy')", "cannot be loaded", "--force-reinstall"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "lacks", "-DGGML_NATIVE=ON"),
        ("import os; os.abort()", "cannot be loaded", "--force-reinstall"),
    ],
)
def test_a_runtime_that_fails_is_a_finding_with_a_remedy(
    code: str, meaning: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_llama(tmp_path, code, monkeypatch)
    found, (finding,) = judge_runtime.runtime(ask())
    assert not found.available
    assert found.problem
    assert finding.status == "fail"
    assert meaning in finding.meaning
    assert remedy in finding.remedy


def test_a_runtime_that_hangs_is_a_finding() -> None:
    _, (finding,) = judge_runtime.runtime(Answer("runtime", problem="no answer within 30 s"))
    assert "hangs" in finding.meaning


def test_an_older_binding_answers_what_it_can() -> None:
    old = SimpleNamespace(__version__="0.2.9", llama_print_system_info=lambda: INFO.encode())
    found, findings = judge_runtime.runtime(Answer("runtime", facts=runtime.read(old)))
    assert findings == ()
    assert found.available
    assert (found.version, found.gpu_offload, found.devices) == ("0.2.9", None, None)
    assert found.features == ("sse3", "avx", "i8mm", "fma", "llamafile")


def test_a_garbled_device_list_is_kept_readable() -> None:
    rows = [{"name": "CUDA0\x1b[31m", "kind": "quantum", "total_bytes": -1, "free_bytes": 2**70}, "x"]
    found, (finding,) = judge_runtime.runtime(Answer("runtime", facts={"version": "1", "devices": rows}))
    assert found.devices is not None
    device = found.devices[0]
    assert (device.name, device.kind, device.total_bytes) == ("CUDA0[31m", "unknown", None)
    assert finding.name == "runtime_answer"
