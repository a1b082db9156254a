"""GPUs by a fake NVML, by trees of sysfs files as the drivers document them, and by tool output."""

import ctypes
import json
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from console.hardware import judge_gpu
from console.hardware.probes import amd, amd_metrics, amd_smi, apple, cuda, intel, nvidia


class NvmlError(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(f"code {value}")
        self.value = value


NOT_SUPPORTED, GPU_IS_LOST = 3, 15


class FakeNvml:
    """Two RTX cards; `broken` maps a function's name to the error number that it raises."""

    def __init__(self, broken: dict[str, int] | None = None, **answers: Any) -> None:
        self._broken = broken or {}
        self._answers = {
            "nvmlInit": None,
            "nvmlDeviceGetCount": 2,
            "nvmlSystemGetDriverVersion": b"580.65.06",
            "nvmlSystemGetCudaDriverVersion_v2": 13020,
            "nvmlDeviceGetHandleByIndex": "handle",
            "nvmlDeviceGetName": "NVIDIA GeForce RTX 4090",
            "nvmlDeviceGetUUID": b"GPU-1234",
            "nvmlDeviceGetPciInfo": SimpleNamespace(busId=b"00000000:01:00.0"),
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=37, memory=12),
            "nvmlDeviceGetTemperature": 61,
            "nvmlDeviceGetPowerUsage": 142_500,
            "nvmlDeviceGetEnforcedPowerLimit": 450_000,
            "nvmlDeviceGetClockInfo": 2520,
            "nvmlDeviceGetFanSpeed": 42,
            "nvmlDeviceGetCurrentClocksEventReasons": 0x1 | 0x4 | 0x40,
            "nvmlDeviceGetCurrentClocksThrottleReasons": 0x8,
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=24 * 2**30, used=7 * 2**30),
            "nvmlDeviceGetComputeRunningProcesses": [
                SimpleNamespace(pid=41, usedGpuMemory=2**30),
                SimpleNamespace(pid=42, usedGpuMemory=2**64 - 1),
            ],
            "nvmlDeviceGetGraphicsRunningProcesses": [SimpleNamespace(pid=41, usedGpuMemory=None)],
            **answers,
        }

    def __getattr__(self, name: str) -> Any:
        if name not in self._answers:
            raise AttributeError(name)

        def call(*_: object) -> Any:
            if name in self._broken:
                raise NvmlError(self._broken[name])
            return self._answers[name]

        return call


def nvidia_gpus(nvml: FakeNvml) -> tuple[Any, Any]:
    # Through JSON, as the child writes it and the parent reads it.
    return judge_gpu.gpus("nvidia", json.loads(json.dumps(nvidia.read(nvml))))


def test_all_fields_of_nvml() -> None:
    (gpu, second), findings = nvidia_gpus(FakeNvml())
    assert findings == ()
    assert (gpu.vendor, gpu.source, gpu.state, gpu.vram_kind) == ("nvidia", "nvml", "live", "dedicated")
    assert (gpu.name, gpu.uuid, gpu.bus_id) == ("NVIDIA GeForce RTX 4090", "GPU-1234", "00000000:01:00.0")
    assert (gpu.vram_total_bytes, gpu.vram_used_bytes) == (24 * 2**30, 7 * 2**30)
    assert (gpu.utilisation_percent, gpu.temperature_c) == (37, 61)
    assert (gpu.power_w, gpu.power_limit_w) == (142.5, 450)
    assert (gpu.clock_mhz, gpu.memory_clock_mhz, gpu.fan_percent) == (2520, 2520, 42)
    assert gpu.throttle == ("power cap", "thermal (hardware)")
    assert (gpu.driver_version, gpu.cuda_version) == ("580.65.06", "13.2")
    assert [(p.pid, p.vram_bytes) for p in gpu.processes] == [(41, 2**30), (42, None)]
    assert second.index == 1


FIELDS = {
    "nvmlDeviceGetUtilizationRates": "utilisation_percent",
    "nvmlDeviceGetTemperature": "temperature_c",
    "nvmlDeviceGetPowerUsage": "power_w",
    "nvmlDeviceGetEnforcedPowerLimit": "power_limit_w",
    "nvmlDeviceGetFanSpeed": "fan_percent",
    "nvmlDeviceGetMemoryInfo": "vram_used_bytes",
    "nvmlDeviceGetComputeRunningProcesses": "processes",
    "nvmlDeviceGetUUID": "uuid",
}


@pytest.mark.parametrize("function", FIELDS)
def test_one_refusal_costs_one_field(function: str) -> None:
    whole, _ = nvidia_gpus(FakeNvml())
    (gpu, _), findings = nvidia_gpus(FakeNvml({function: NOT_SUPPORTED}))
    assert getattr(gpu, FIELDS[function]) is None
    assert gpu.state == "live"
    assert findings == ()
    kept = set(FIELDS.values()) - {FIELDS[function]}
    assert all(getattr(gpu, field) == getattr(whole[0], field) for field in kept)


def test_a_driver_before_535_knows_throttle_reasons_only() -> None:
    (gpu, _), _ = nvidia_gpus(FakeNvml({"nvmlDeviceGetCurrentClocksEventReasons": 13}))
    assert gpu.throttle == ("hardware slowdown",)


@pytest.mark.parametrize("function", ["nvmlDeviceGetHandleByIndex", "nvmlDeviceGetTemperature"])
def test_a_lost_gpu_has_blank_gauges(function: str) -> None:
    (gpu, _), _ = nvidia_gpus(FakeNvml({function: GPU_IS_LOST}))
    assert gpu.state == "lost"
    gauges = (gpu.temperature_c, gpu.power_w, gpu.utilisation_percent, gpu.vram_used_bytes, gpu.fan_percent)
    assert gauges == (None,) * 5


def test_a_lying_driver_is_left_blank_and_named() -> None:
    nvml = FakeNvml(
        nvmlDeviceGetTemperature=-2147483648,
        nvmlDeviceGetPowerUsage=float("inf"),
        nvmlDeviceGetUtilizationRates=SimpleNamespace(gpu=0xFFFFFFFF),
        nvmlDeviceGetMemoryInfo=SimpleNamespace(total=2**30, used=2**40),
        nvmlDeviceGetName="RTX\x1b[2J 4090",
    )
    (gpu, _), findings = nvidia_gpus(nvml)
    assert gpu.temperature_c is gpu.power_w is gpu.utilisation_percent is gpu.vram_used_bytes is None
    assert gpu.name == "RTX[2J 4090"
    assert len(gpu.doubts) == 4
    assert [f.name for f in findings] == ["nvidia_answer"]
    assert "temperature_c = -2147483648" in findings[0].seen


def test_no_library_is_an_absence_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml({"nvmlInit": 12}))  # type: ignore[arg-type]
    assert nvidia.probe() == {"gpus": [], "absent": "NvmlError: code 12", "absent_code": 12}


class FakeCuda:
    def __init__(self, code: int) -> None:
        self._code = code

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return self._code

    def cuDriverGetVersion(self, out: Any) -> int:  # noqa: N802
        ctypes.cast(out, ctypes.POINTER(ctypes.c_int))[0] = 12040
        return 0

    def cuDeviceGetCount(self, out: Any) -> int:  # noqa: N802
        ctypes.cast(out, ctypes.POINTER(ctypes.c_int))[0] = 2
        return 0


def test_cuda_tells_its_own_story() -> None:
    good = {"present": True, "init_code": 0, "cuda_version": "12.4", "count": 2}
    assert cuda.read(FakeCuda(0)) == good
    assert cuda.read(FakeCuda(803)) == {"present": True, "init_code": 803, "cuda_version": "12.4"}


def plant(root: Path, folder: str, tree: dict[str, str]) -> Path:
    for name, content in tree.items():
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    return root


AMD_CARD = {
    "vendor": "0x1002",
    "uevent": "DRIVER=amdgpu\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:03:00.0",
    "product_name": "",
    "unique_id": "a1b2c3d4e5f60718",
    "mem_info_vram_total": str(24 * 2**30),
    "mem_info_vram_used": str(2**30),
    "gpu_busy_percent": "88",
    "pp_dpm_mclk": "0: 96Mhz\n1: 456Mhz\n2: 1249Mhz *",
    "hwmon/hwmon3/name": "amdgpu",
    "hwmon/hwmon3/temp1_input": "57000",
    "hwmon/hwmon3/power1_average": "231000000",
    "hwmon/hwmon3/power1_cap": "303000000",
    "hwmon/hwmon3/freq1_input": "2482000000",
    "hwmon/hwmon3/fan1_input": "1450",
    "hwmon/hwmon3/pwm1": "102",
    "hwmon/hwmon3/pwm1_max": "255",
}


def test_amd_by_sysfs(tmp_path: Path) -> None:
    root = plant(tmp_path, "sys/class/drm/card0/device", AMD_CARD)
    plant(root, "sys/class/drm/card0-DP-1", {"status": "connected"})
    (gpu,), findings = judge_gpu.gpus("amd", amd.probe(root))
    assert findings == ()
    assert (gpu.name, gpu.uuid, gpu.bus_id) == ("AMD GPU 1002:744C", "a1b2c3d4e5f60718", "0000:03:00.0")
    assert (gpu.vram_total_bytes, gpu.vram_used_bytes) == (24 * 2**30, 2**30)
    assert (gpu.utilisation_percent, gpu.temperature_c) == (88, 57)
    assert (gpu.power_w, gpu.power_limit_w) == (231, 303)
    assert (gpu.clock_mhz, gpu.memory_clock_mhz) == (2482, 1249)
    assert (gpu.fan_rpm, gpu.fan_percent, gpu.driver_version) == (1450, 40, "amdgpu")
    assert gpu.throttle is None


V1_3, V2_2, V2_4, V1_4 = (1, 3), (2, 2), (2, 4), (1, 4)


def metrics(revision: tuple[int, int], bits: int) -> bytes:
    """amdgpu's table of a revision, its independent throttle status filled with `bits`."""
    at, size = {V1_3: (112, 120), V2_2: (120, 128), V2_4: (120, 168), V1_4: (112, 288)}[revision]
    table = bytearray(struct.pack("<HBB", size, *revision) + b"\xff" * (size - 4))
    table[at : at + 8] = struct.pack("<Q", bits)
    return bytes(table)


@pytest.mark.parametrize("revision", [V1_3, V2_2, V2_4])
def test_amd_tells_what_holds_it_back(tmp_path: Path, revision: tuple[int, int]) -> None:
    root = plant(tmp_path, "sys/class/drm/card0/device", AMD_CARD)
    path = root / "sys/class/drm/card0/device/gpu_metrics"
    for bits, words in (
        (0, ()),
        (1 << 0 | 1 << 36, ("power cap", "thermal")),
        (1 << 16 | 1 << 44 | 1 << 47, ("current limit", "thermal (voltage regulator)", "hardware slowdown")),
        (1 << 57, ("firmware limit",)),
    ):
        path.write_bytes(metrics(revision, bits))
        (gpu,), findings = judge_gpu.gpus("amd", amd.probe(root))
        assert (gpu.throttle, findings) == (words, ())


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\x78",
        metrics(V1_4, 1),
        metrics(V1_3, 1)[:100],
        metrics(V1_3, 2**64 - 1),
        b"\x08\x00\x01\x03" + b"\0" * 200,
    ],
    ids=["empty", "no header", "another layout", "cut short", "never filled", "says it is small"],
)
def test_an_amd_table_that_is_not_known_says_nothing(table: bytes) -> None:
    assert amd_metrics.read(table) is None


def test_amd_without_sensors_is_still_a_card(tmp_path: Path) -> None:
    root = plant(tmp_path, "sys/class/drm/card1/device", {"vendor": "0x1002", "gpu_busy_percent": "N/A"})
    (gpu,), findings = judge_gpu.gpus("amd", amd.probe(root))
    assert findings == ()
    assert gpu.utilisation_percent is gpu.temperature_c is gpu.power_w is gpu.vram_total_bytes is None


def test_amdsmi_that_raises_keyerror_is_an_absence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "amdsmi.py").write_text("raise KeyError('libamd_smi.so')")
    monkeypatch.syspath_prepend(tmp_path)
    plant(tmp_path, "sys/module/amdgpu", {"version": "6.12"})
    assert amd.probe(tmp_path) == {"gpus": [], "absent": "KeyError: 'libamd_smi.so'"}


def test_amdsmi_answers_na_for_what_it_does_not_know() -> None:
    smi = SimpleNamespace(
        amdsmi_get_gpu_vram_usage=lambda h: {"vram_total": 65536, "vram_used": "N/A"},
        amdsmi_get_power_info=lambda h: {"average_socket_power": "N/A", "current_socket_power": 310},
        amdsmi_get_gpu_asic_info=lambda h: {"market_name": "Instinct MI210"},
        amdsmi_get_gpu_activity=lambda h: "N/A",
        amdsmi_get_gpu_device_uuid=lambda h: "u-1",
    )
    gpu = judge_gpu.gpu(amd_smi.one(smi, "h", 0), 0)
    assert (gpu.name, gpu.uuid, gpu.power_w) == ("Instinct MI210", "u-1", 310)
    assert gpu.vram_total_bytes == 64 * 2**30
    assert gpu.vram_used_bytes is gpu.utilisation_percent is gpu.temperature_c is gpu.bus_id is None
    assert gpu.doubts == ()


def test_intel_xe_by_sysfs(tmp_path: Path) -> None:
    card = {
        "device/vendor": "0x8086",
        "device/uevent": "DRIVER=xe\nPCI_ID=8086:E20B\nPCI_SLOT_NAME=0000:03:00.0",
        "device/hwmon/hwmon2/name": "xe",
        "device/hwmon/hwmon2/temp2_input": "48000",
        "device/hwmon/hwmon2/energy1_input": "5000000",
        "device/hwmon/hwmon2/power1_max": "190000000",
        "device/tile0/gt0/freq0/act_freq": "2850",
        "device/tile0/gt0/freq0/throttle/status": "1",
        "device/tile0/gt0/freq0/throttle/reason_thermal": "1",
        "device/tile0/gt0/freq0/throttle/reason_pl1": "0",
    }
    root = plant(tmp_path, "sys/class/drm/card0", card)
    (gpu,), findings = judge_gpu.gpus("intel", intel.probe(root, window_s=0))
    assert findings == ()
    assert (gpu.vendor, gpu.name, gpu.driver_version) == ("intel", "Intel GPU 8086:E20B", "xe")
    assert (gpu.temperature_c, gpu.power_w, gpu.power_limit_w, gpu.clock_mhz) == (48, 0, 190, 2850)
    assert gpu.throttle == ("thermal",)
    assert gpu.vram_kind == "dedicated"
    assert gpu.vram_used_bytes is None


def test_intel_inside_a_processor_shares_its_memory(tmp_path: Path) -> None:
    card = {"device/vendor": "0x8086", "gt_act_freq_mhz": "300", "gt/gt0/throttle_reason_pl1": "0"}
    root = plant(tmp_path, "sys/class/drm/card0", card)
    (gpu,), _ = judge_gpu.gpus("intel", intel.probe(root, window_s=0))
    assert (gpu.vram_kind, gpu.clock_mhz, gpu.throttle, gpu.power_w) == ("shared", 300, (), None)


def test_apple_silicon_shares_the_macs_memory() -> None:
    rows = [{"sppci_model": "Apple M2 Pro", "sppci_cores": "19", "spdisplays_vendor": "sppci_vendor_Apple"}]
    (gpu,), _ = judge_gpu.gpus("apple", apple.read({"SPDisplaysDataType": [*rows, "?"]}, 32 * 2**30))
    assert (gpu.vendor, gpu.name, gpu.vram_kind) == ("apple", "Apple M2 Pro", "shared")
    assert gpu.vram_total_bytes == 32 * 2**30
    assert apple.read(None, None) == {"gpus": []}
