"""What the panels of the screen Machine draw, for any machine that there may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.control.machine import GpuView, MachineFacts, MachineView, ProcessView
from console.control.state import NodeState
from console.tui.rows import width_of
from console.tui.store import View
from console.tui.views import device_facts, device_gauges, device_users, devices
from console.tui.views.frame import Frame

FACTS = MachineFacts(probed_ms=1)


def view_of(machine: MachineView, facts: MachineFacts = FACTS) -> View:
    return View(NodeState(now_ms=5, machine=machine, facts=facts), 5, "attached")


def words(rows: object) -> str:
    return "\n".join("".join(span.text for span in line) for line in rows)  # type: ignore[attr-defined]


def test_what_is_not_known_is_a_question_mark_with_its_reason() -> None:
    machine = MachineView(at_ms=1, cpu_percent=3, gpus=(GpuView("Intel Arc", throttle=None, processes=None),))
    view, frame = view_of(machine), Frame(80, 12)
    gpu, processor = devices.devices(machine)
    text = words(device_gauges.gauges(gpu, view, frame))
    assert text.count("the driver does not say") == 5 and "Held back ?" in text and "0 %" not in text
    assert "its driver does not say" in words(device_users.users(gpu, view, frame))
    text = words(device_gauges.gauges(processor, view, frame))
    assert "no sensor can be read" in text and "3 %" in text and "Clock ?" in text and "Supply" not in text


def test_nothing_is_held_back_is_said_too() -> None:
    machine = MachineView(at_ms=1, gpus=(GpuView("RTX", throttle="", processes=()),))
    view, frame = view_of(machine), Frame(80, 12)
    gpu = devices.devices(machine)[0]
    assert "✓ by nothing" in words(device_gauges.gauges(gpu, view, frame))
    assert "nobody holds memory on it" in words(device_users.users(gpu, view, frame))


def test_two_cards_of_one_name_are_told_apart() -> None:
    machine = MachineView(at_ms=1, gpus=(GpuView("H100"), GpuView("L4"), GpuView("H100")))
    assert [devices.name_of(device, machine) for device in devices.devices(machine)] == [
        "H100 #1", "L4", "H100 #2", "Processor",
    ]  # fmt: skip


def test_a_battery_is_named() -> None:
    machine = MachineView(at_ms=1, on_battery=True, battery_percent=62)
    assert "Supply battery 62 %" in words(
        device_gauges.gauges(devices.devices(machine)[0], view_of(machine), Frame(80, 12))
    )


def test_facts_that_are_not_there_yet_are_not_findings() -> None:
    text = words(device_facts.facts(view_of(MachineView(at_ms=1), MachineFacts()), 60))
    assert "Not probed yet" in text and "cannot" not in text


COUNT = st.one_of(st.none(), st.integers(0, 2**50))
GAUGE = st.one_of(st.none(), st.integers(-40, 9_999))
HISTORY = st.lists(st.integers(0, 5_000), max_size=130).map(tuple)
GPU = st.builds(
    GpuView, name=st.text(max_size=90), load_percent=GAUGE, vram_used_bytes=COUNT, vram_total_bytes=COUNT,
    temperature_c=GAUGE, power_w=GAUGE, power_limit_w=GAUGE, fan_percent=GAUGE, clock_mhz=GAUGE,
    throttle=st.one_of(st.none(), st.text(max_size=300)), lost=st.booleans(), power_history=HISTORY,
    load_history=HISTORY,
    processes=st.one_of(
        st.none(),
        st.lists(
            st.builds(ProcessView, pid=st.integers(1, 2**32), name=st.text(max_size=60), memory_bytes=COUNT),
            max_size=9,
        ).map(tuple),
    ),
)  # fmt: skip
MACHINE = st.builds(
    MachineView, at_ms=st.integers(0, 2), cpu_model=st.text(max_size=90), cpu_percent=GAUGE, load_milli=COUNT,
    ram_used_bytes=COUNT, ram_total_bytes=COUNT, disk_free_bytes=COUNT, disk_total_bytes=COUNT,
    temperature_c=GAUGE, gpus=st.lists(GPU, max_size=3).map(tuple), cpu_history=HISTORY,
    on_battery=st.booleans(),
)  # fmt: skip


@given(MACHINE, st.integers(20, 210), st.integers(1, 50), st.booleans())
def test_whatever_the_machine_says_every_panel_keeps_to_its_room(
    machine: MachineView, width: int, height: int, roomy: bool
) -> None:
    frame, view = Frame(width, height, roomy=roomy and height > 2), view_of(machine)
    listed = devices.devices(machine)
    for device in (None, *listed):
        for draw in (device_gauges.gauges, device_users.users):
            rows = draw(device, view, frame)
            assert len(rows) <= max(1, height)
            if roomy and height > 2:
                assert all(width_of(line) == width for line in rows)
    assert len(devices.listing(listed, view, frame)) <= max(1, height)
