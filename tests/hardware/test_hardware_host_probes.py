"""Processor, memory and disk read from recorded trees of /proc and /sys."""

from pathlib import Path

import pytest

from console.hardware import judge
from console.hardware.probes import cgroup, cpu, cpu_other, disk, files, memory, pci


def plant(root: Path, tree: dict[str, str]) -> Path:
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def x86_block(number: int, core: int) -> str:
    return (
        f"processor\t: {number}\nmodel name\t: AMD Ryzen 9 7950X\nphysical id\t: 0\ncore id\t\t: {core}\n"
        f"cpu MHz\t\t: {4000 + number * 100}.000\n"
        "flags\t\t: fpu pni ssse3 avx avx2 fma f16c bmi2 avx512f avx512bw avx512vbmi "
        "avx512_vnni avx512_bf16\n"
    )


ARM = (
    "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp i8mm bf16 sve\nCPU implementer\t: 0x41\n"
    "CPU part\t: 0xd40\n\nprocessor\t: 1\nFeatures\t: fp asimd\nCPU part\t: 0xd40\n"
)


def test_x86_cores_features_heat_and_load(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "proc/cpuinfo": "\n".join(x86_block(n, n // 2) for n in range(4)),
            "proc/loadavg": "1.50 0.75 0.25 2/345 6789",
            "sys/class/hwmon/hwmon0/name": "nvme",
            "sys/class/hwmon/hwmon0/temp1_input": "30000",
            "sys/class/hwmon/hwmon1/name": "k10temp",
            "sys/class/hwmon/hwmon1/temp1_input": "61250",
        },
    )
    found, findings = judge.cpu(cpu.probe(root))
    assert findings == ()
    assert (found.model, found.logical_cores, found.physical_cores) == ("AMD Ryzen 9 7950X", 4, 2)
    assert found.features == (
        "sse3", "ssse3", "avx", "avx2", "avx512f", "avx512bw", "avx512_vbmi", "avx512_vnni",
        "avx512_bf16", "fma", "f16c", "bmi2",
    )  # fmt: skip
    assert (found.load_1m, found.load_5m, found.load_15m) == (1.5, 0.75, 0.25)
    assert found.frequency_mhz == 4150
    assert found.temperature_c == 61.25
    assert found.usable_cores == 4


def test_topology_files_tell_physical_cores_where_cpuinfo_does_not(tmp_path: Path) -> None:
    topology = "sys/devices/system/cpu/cpu{}/topology/core_cpus_list"
    tree = {topology.format(n): "0-1" if n < 2 else "2-3" for n in range(4)}
    tree["proc/cpuinfo"] = ARM
    assert cpu.probe(plant(tmp_path, tree))["physical_cores"] == 2


def test_arm_is_named_by_its_part_and_features(tmp_path: Path) -> None:
    found = cpu.probe(plant(tmp_path, {"proc/cpuinfo": ARM}))
    assert found["model"] == "Neoverse-V1"
    assert found["features"] == ["neon", "fp16", "dotprod", "i8mm", "bf16", "sve"]
    assert found["logical_cores"] == 2


def test_an_empty_tree_still_gives_a_processor(tmp_path: Path) -> None:
    found, _ = judge.cpu(cpu.probe(tmp_path))
    assert found.logical_cores >= 1
    assert found.model


def test_a_lying_processor_is_left_blank_with_a_finding() -> None:
    found, findings = judge.cpu(
        {"model": "X\x1b[31m", "logical_cores": 4, "physical_cores": 64, "temperature_c": -273.0,
         "load_1m": "nan", "frequency_mhz": float("inf")}
    )  # fmt: skip
    assert found.model == "X[31m"
    assert found.physical_cores is found.temperature_c is found.load_1m is found.frequency_mhz is None
    assert [f.name for f in findings] == ["cpu_answer"]
    assert "physical_cores" in findings[0].seen


def test_mac_values_come_from_sysctl() -> None:
    output = (
        "machdep.cpu.brand_string: Apple M2 Pro\nhw.physicalcpu: 10\nhw.logicalcpu: 10\n"
        "hw.optional.neon: 1\nhw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_SME: 0\n"
    )
    assert cpu_other.from_sysctl(output) == {
        "features": ["neon", "dotprod"],
        "model": "Apple M2 Pro",
        "physical_cores": 10,
        "logical_cores": 10,
    }


MEMINFO = "MemTotal:       16000000 kB\nMemFree:  1000000 kB\nMemAvailable:    8000000 kB\nSwapTotal: 0 kB\n"
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = (
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
)
GIB = 2**30


def test_memory_without_a_container(tmp_path: Path) -> None:
    found, _ = judge.memory(memory.probe(plant(tmp_path, {"proc/meminfo": MEMINFO})))
    assert found is not None
    assert found.total_bytes == found.machine_total_bytes == 16_000_000 * 1024
    assert found.available_bytes == 8_000_000 * 1024
    assert found.container_limit_bytes is None


def test_cgroup_2_the_tightest_level_above_wins(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "0::/outer/inner\n",
            "proc/self/mountinfo": V2_MOUNT,
            "sys/fs/cgroup/outer/memory.max": str(2 * GIB),
            "sys/fs/cgroup/outer/memory.current": str(GIB),
            "sys/fs/cgroup/outer/memory.stat": f"anon 5\ninactive_file {GIB // 2}\n",
            "sys/fs/cgroup/outer/inner/memory.max": "max",
            "sys/fs/cgroup/outer/inner/cpu.max": "150000 100000",
            "sys/fs/cgroup/outer/cpu.max": "max 100000",
        },
    )
    found, _ = judge.memory(memory.probe(root))
    assert found is not None
    assert found.total_bytes == found.container_limit_bytes == 2 * GIB
    assert found.available_bytes == 2 * GIB - GIB // 2
    assert found.machine_total_bytes == 16_000_000 * 1024
    assert cgroup.cpu_quota(root) == 1.5


def test_cgroup_1_seen_from_inside_the_container(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/\n",
            "proc/self/mountinfo": V1_MOUNTS.replace(" / /sys", " /docker/abc /sys"),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(GIB),
            "sys/fs/cgroup/memory/memory.usage_in_bytes": str(GIB // 4),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        },
    )
    assert cgroup.memory(root) == (GIB, GIB - GIB // 4)
    assert cgroup.cpu_quota(root) == 0.5


@pytest.mark.parametrize("limit", [str(2**63 - 4096), "max", "", "many"])
def test_no_limit_is_no_limit(tmp_path: Path, limit: str) -> None:
    root = plant(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/\n1:cpu:/\n",
            "proc/self/mountinfo": V1_MOUNTS,
            "sys/fs/cgroup/memory/memory.limit_in_bytes": limit,
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
        },
    )
    assert cgroup.memory(root) is None
    assert cgroup.cpu_quota(root) is None


def test_a_path_that_climbs_out_stays_below_its_mount(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "proc/self/cgroup": "0::/../../../etc\n",
            "proc/self/mountinfo": V2_MOUNT,
            "sys/fs/cgroup/memory.max": str(GIB),
            "sys/fs/cgroup/memory.current": "0",
        },
    )
    assert cgroup.memory(root) == (GIB, GIB)


def test_lying_memory_is_no_memory() -> None:
    found, findings = judge.memory({"machine_total_bytes": 100 * 2**20, "machine_available_bytes": 2**40})
    assert found is None
    assert findings[0].name == "memory_answer"


MOUNTS = (
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "40 27 0:50 / /mnt/my\\040models rw - nfs4 server:/x rw\n"
    "41 27 0:51 / /mnt/frozen rw - squashfs /dev/loop0 ro\n"
)


@pytest.mark.parametrize(
    ("folder", "kind", "read_only", "networked"),
    [
        ("/home/me", "ext4", False, False),
        ("/mnt/my models/a", "nfs4", False, True),
        ("/mnt/frozen", "squashfs", True, False),
        ("/mnt/frozen2", "ext4", False, False),
    ],
)
def test_the_mount_of_a_folder(folder: str, kind: str, read_only: bool, networked: bool) -> None:
    found = disk.mount_of(MOUNTS, Path(folder))
    assert found is not None
    assert (found["kind"], found["read_only"], found["networked"]) == (kind, read_only, networked)


def test_a_folder_that_is_not_there_yet_is_measured_above(tmp_path: Path) -> None:
    found, findings = judge.disk(disk.probe(Path("/"), tmp_path / "a" / "b"))
    assert findings == ()
    assert found is not None
    assert 0 < found.free_bytes <= found.total_bytes
    assert found.path == str(tmp_path / "a" / "b")


def test_cards_in_their_slots_even_without_a_driver(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de",
            "sys/bus/pci/devices/0000:01:00.0/class": "0x030200",
            "sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de",
            "sys/bus/pci/devices/0000:01:00.1/class": "0x040300",
            "sys/bus/pci/devices/0000:02:00.0/vendor": "0x1234",
            "sys/bus/pci/devices/0000:02:00.0/class": "0x030000",
        },
    )
    assert pci.probe(root) == {"cards": [{"vendor": "nvidia", "bus_id": "0000:01:00.0", "driver": None}]}


def test_a_file_that_refuses_is_none(tmp_path: Path) -> None:
    assert files.text(tmp_path) is None
    assert files.whole(plant(tmp_path, {"x": "N/A"}) / "x") is None
    assert files.entries(tmp_path / "absent", "*") == []
