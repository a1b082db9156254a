"""The driver's column beside the runtime's: each way in which they can differ is one finding."""

import msgspec
import pytest

from console.hardware import compare, report
from console.hardware.facts import Cpu, Gpu, HardwareReport, Runtime, RuntimeDevice
from console.hardware.isolate import Answer

NVIDIA = Gpu(vendor="nvidia", index=0, name="RTX 4090", source="nvml")
RADEON = Gpu(vendor="amd", index=0, name="RX 7900", source="sysfs")
CPU_DEVICE = RuntimeDevice("CPU", "EPYC", "cpu")
CUDA_DEVICE = RuntimeDevice("CUDA0", "RTX 4090", "gpu")


def runtime(*devices: RuntimeDevice, offload: bool | None = False) -> Runtime:
    return Runtime(available=True, gpu_offload=offload, devices=devices)


@pytest.mark.parametrize(
    ("gpus", "found", "name", "words"),
    [
        ([], runtime(CPU_DEVICE), None, ""),
        ([NVIDIA], runtime(CPU_DEVICE, CUDA_DEVICE, offload=True), None, ""),
        ([NVIDIA], Runtime(available=False), None, ""),
        ([NVIDIA], runtime(CPU_DEVICE), "gpu_runtime", "-DGGML_CUDA=ON"),
        ([RADEON], runtime(CPU_DEVICE), "gpu_runtime", "-DGGML_HIP=ON"),
        ([NVIDIA], runtime(CPU_DEVICE, offload=True), "gpu_runtime", "Update the GPU driver"),
        ([NVIDIA, RADEON], runtime(CUDA_DEVICE, offload=True), "gpu_runtime", "VISIBLE_DEVICES"),
        ([], runtime(CUDA_DEVICE, offload=True), "gpu_gauges", "Nothing is needed"),
    ],
)
def test_driver_and_runtime(gpus: list[Gpu], found: Runtime, name: str | None, words: str) -> None:
    findings = compare.driver_and_runtime(gpus, found)
    assert [f.name for f in findings] == ([name] if name else [])
    assert all(words in f.remedy for f in findings)


@pytest.mark.parametrize(
    ("code", "remedy"), [(18, "do not reinstall"), (9, "modprobe"), (4, "groups"), (99, "Update")]
)
def test_nvml_errors_have_remedies_of_their_own(code: int, remedy: str) -> None:
    answer = Answer("nvidia", facts={"gpus": [], "absent": "NVMLError", "absent_code": code})
    (finding,) = compare.nvidia_driver(answer, Answer("cuda"))
    assert remedy in finding.remedy


def test_no_nvidia_library_is_no_finding() -> None:
    answer = Answer("nvidia", facts={"gpus": [], "absent": "x", "absent_code": 12})
    assert compare.nvidia_driver(answer, Answer("cuda", facts={"present": False})) == ()


def test_cuda_that_fails_beside_a_good_nvml_is_told() -> None:
    nvml = Answer("nvidia", facts={"gpus": [{"name": "RTX"}]})
    (finding,) = compare.nvidia_driver(nvml, Answer("cuda", facts={"present": True, "init_code": 803}))
    assert (finding.name, finding.remedy) == ("cuda", "Restart the machine.")


def test_a_card_without_a_driver_is_told_and_one_with_is_not() -> None:
    pci = Answer("pci", facts={"cards": [{"vendor": "nvidia", "bus_id": "01:00.0\x07", "driver": None}]})
    (finding,) = compare.unclaimed_cards(pci, [RADEON])
    assert finding.seen == "1 card(s) at 01:00.0, kernel driver: none"
    assert compare.unclaimed_cards(pci, [NVIDIA]) == ()
    assert compare.unclaimed_cards(Answer("pci", facts={"cards": "lies"}), []) == ()


def test_instruction_sets_left_lying() -> None:
    cpu = Cpu("X", 8, features=("avx", "avx2", "avx512f"))
    slow = Runtime(available=True, features=("avx", "avx2"))
    (finding,) = compare.instruction_sets(cpu, slow)
    assert "avx512f" in finding.seen and "avx2," not in finding.seen
    assert compare.instruction_sets(Cpu("X", 8, features=("avx2",)), slow) == ()
    assert compare.instruction_sets(cpu, Runtime(available=True)) == ()


def test_a_report_of_nothing_but_failures_still_stands() -> None:
    names = report.probe_names("linux")
    answers = {name: Answer(name, problem="the probe crashed (SIGSEGV) without an answer") for name in names}
    found = report.assemble(answers, [Answer("disk", problem="no answer within 5 s")])
    assert found.cpu.logical_cores >= 1
    assert found.memory is None
    assert (found.disks, found.gpus, found.runtime.available) == ((), (), False)
    assert {f.name for f in found.findings} == {f"{n}_probe" for n in names if n != "runtime"} | {
        "disk_probe",
        "runtime",
    }
    assert all(f.seen and f.meaning and f.remedy for f in found.findings)


def test_one_filesystem_is_told_once() -> None:
    facts = {"total_bytes": 100, "free_bytes": 50, "mount_point": "/"}
    disks = [Answer("disk", facts={**facts, "path": path}) for path in ("/a", "/b")]
    disks.append(Answer("disk", facts={**facts, "path": "/mnt/c", "mount_point": "/mnt"}))
    assert [disk.path for disk in report.assemble({}, disks).disks] == ["/a", "/mnt/c"]


def test_a_lost_gpu_is_a_failure() -> None:
    lost = {"gpus": [{"vendor": "nvidia", "name": "RTX", "lost": True, "temperature_c": 60}]}
    found = report.assemble({"nvidia": Answer("nvidia", facts=lost)}, [])
    assert found.gpus[0].temperature_c is None
    assert ("gpu_lost", "fail") in [(f.name, f.status) for f in found.findings]


def test_a_report_survives_its_own_encoding() -> None:
    found = report.gather([])
    assert msgspec.json.decode(msgspec.json.encode(found), type=HardwareReport) == found


def test_probes_fit_their_platform() -> None:
    assert "amd" in report.probe_names("linux") and "apple" not in report.probe_names("linux")
    assert "apple" in report.probe_names("darwin") and "nvidia" not in report.probe_names("darwin")
    assert "nvidia" in report.probe_names("win32") and "amd" not in report.probe_names("win32")
    assert all(
        name in report.TIMEOUTS_S for p in ("linux", "darwin", "win32") for name in report.probe_names(p)
    )
