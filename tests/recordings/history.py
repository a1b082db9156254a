"""Fixed data for the recordings: machine, days, timeline, limits, models and groups."""

from __future__ import annotations

import hashlib
import time

import msgspec

from console.control.earnings import (
    DayView,
    Difference,
    EarningsView,
    ModelEarnings,
    PenaltyView,
    PowerView,
)
from console.control.engine import PlanView, SequenceView, WhyView
from console.control.limits import LimitView
from console.control.machine import DeviceSaid, FindingView, GpuView, MachineFacts, ProcessView
from console.control.models import ModelsView, ModelView
from console.control.network import GroupView
from console.control.state import Note
from console.control.timeline import DayTime, Spell, TimelineView
from console.protocol.ids import EvidenceId, GroupId, JobId

NOW = 1_763_820_000_000
"""Milliseconds since 1970 at which every recording ends."""


def digest(*parts: object, size: int = 64) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:size]


def wave(low: int, high: int, count: int, salt: str) -> tuple[int, ...]:
    """Values that wander between two bounds, the same in every run."""
    values = []
    at = (low + high) // 2
    for index in range(count):
        goal = low + int(digest(salt, index // 9, size=4), 16) % (high - low)
        noise = int(digest(salt, index, "noise", size=4), 16) % max(1, (high - low) // 6)
        at += (goal - at) // 3
        values.append(min(high, at + noise))
    return tuple(values)


PROCESSES = (
    ProcessView(4712, "quarterdeck engine", 96, 412_000_000, own=True),
    ProcessView(4711, "quarterdeck agent", 2, 61_000_000, own=True),
    ProcessView(1201, "firefox", 31, 1_480_000_000),
    ProcessView(902, "Xorg", 4, 122_000_000),
)
GPUS = (
    GpuView(
        "NVIDIA RTX 4070", 87, 7_730_941_132, 12_884_901_888, 61, 142, 200, 46, throttle="power cap",
        clock_mhz=2475, memory_clock_mhz=10_501, driver="580.65.06",
        processes=(
            ProcessView(4712, "quarterdeck engine", memory_bytes=6_912_000_000, own=True),
            ProcessView(1201, "firefox", memory_bytes=412_000_000),
        ),
        load_history=wave(70, 99, 120, "gpu"), vram_history=wave(55, 62, 120, "vram"),
        temperature_history=wave(55, 67, 120, "gpu heat"), power_history=wave(110, 168, 120, "watts"),
    ),
    GpuView("NVIDIA RTX 3060", lost=True, driver="580.65.06"),
)  # fmt: skip
FACTS = MachineFacts(
    probed_ms=NOW - 5_398_000,
    driver_says=(DeviceSaid("AMD EPYC 7B13", "cpu", 25_769_803_776, "8 logical, 4 physical cores"),),
    runtime_says=(DeviceSaid("CPU", "cpu", 25_769_803_776, "AVX2, FMA, F16C"),),
    runtime="llama-cpp-python 0.3.36",
    features=("AVX2", "FMA", "F16C", "OpenMP"),
    findings=(FindingView("pass", "gpu", "No GPU", "The model runs on the processor.", ""),),
)
GPU_FACTS = MachineFacts(
    probed_ms=NOW - 5_398_000,
    driver_says=(
        *FACTS.driver_says,
        DeviceSaid("NVIDIA RTX 4070", "gpu", 12_884_901_888, "driver 580.65.06, CUDA 13.0"),
        DeviceSaid("NVIDIA RTX 3060", "gpu", 12_884_901_888, "driver 580.65.06, CUDA 13.0"),
    ),
    runtime_says=FACTS.runtime_says,
    runtime=FACTS.runtime,
    features=FACTS.features,
    findings=(
        FindingView(
            "warn", "runtime", "llama.cpp lists no GPU, the driver lists 2",
            "This build of llama.cpp was made without CUDA: the GPUs stand idle.",
            "Reinstall it with CMAKE_ARGS=-DGGML_CUDA=ON.",
        ),
        FindingView("fail", "gpu_lost", "NVIDIA RTX 3060 no longer answers", "It fell off the bus.",
                    "Reset or reboot the machine."),
    ),
)  # fmt: skip
GROUPS = (
    GroupView(GroupId(digest("group")), "SmolLM2-135M-Instruct Q4_1", 4, 4, 3, 41, mine=True),
    GroupView(GroupId(digest("other group")), "Qwen2.5-0.5B-Instruct Q8_0", 11, 9, 17, 96),
)

DAY_NAMES = tuple(
    time.strftime("%Y-%m-%d", time.gmtime((NOW - 86_400_000 * back) / 1000)) for back in range(62)
)


def day(back: int) -> DayView:
    """What the day so many days before the last one came to."""
    if back == 0:
        return DayView(DAY_NAMES[0], 214, 211, 1, 2, 9_412_500, 640_000, 9_604_000, 9_476_500, 9_412_500,
                       18_825, 4_120_000, 5_340_000, 212_000)  # fmt: skip
    jobs = 140 + int(digest("jobs", back, size=4), 16) % 200
    earned, hours, bad = jobs * 44_000, 5 + back % 7, int(back % 11 == 5)
    return DayView(
        DAY_NAMES[back], jobs, jobs - back % 3 - bad, bad, back % 3, earned, 640_000 * bad, earned, earned,
        earned, jobs * 88, hours * 2_700_000, hours * 3_600_000, hours * 41_000,
    )  # fmt: skip


EARNINGS = EarningsView(
    days=tuple(day(back) for back in range(58) if back % 9 != 4),
    models=(
        ModelEarnings("SmolLM2-135M-Instruct Q4_1", digest("group"), 6_020, 6_001, 3, 528_000, 264_880_000,
                      1_920_000, 504_000_000),
        ModelEarnings("Qwen2.5-0.5B-Instruct Q8_0", digest("other group"), 402, 399, 0, 40_100, 20_050_000, 0,
                      39_000_000),
    ),
    penalties=(
        PenaltyView(JobId(digest("job", 12, size=32)), 1, NOW - 108_000, "replay",
                    "Token 31 is not the one that the commitment and the seed give.", 640_000,
                    EvidenceId(digest("evidence", 12, size=32)), NOW + 3_492_000),
        PenaltyView(JobId(digest("job", 5000, size=32)), 1, NOW - 6 * 86_400_000, "recompute_exact",
                    "3 of 88 tokens differ from the reference.", 640_000,
                    EvidenceId(digest("evidence", 5000, size=32))),
    ),
    differences=(
        Difference(JobId(digest("job", 2, size=32)), 1, NOW - 620_000, 64_000, 64_000, 0,
                   "Accepted, and no receipt has come yet."),
    ),
    undecided=2,
    power=PowerView("given", 85_000, 310_000, "EUR", 120_000),
)  # fmt: skip


def rejected(number: int, ago_ms: int, rule: str, sentence: str, amount: int, *salt: int) -> PenaltyView:
    """A rejected answer that still counts."""
    evidence = EvidenceId(digest("evidence", *salt, size=32))
    job = JobId(digest("job", number, size=32))
    return PenaltyView(job, 1, NOW - ago_ms, rule, sentence, amount, evidence, NOW - ago_ms + 3_600_000, True)


THREE_REJECTED = (
    rejected(70, 600_000, "recompute_exact", "2 of 96 tokens differ from the reference.", 640_000),
    rejected(90, 1_480_000, "recompute_exact", "1 of 64 tokens differs from the reference.", 480_000, 90),
    rejected(
        110, 2_910_000, "replay", "Token 12 is not the one that the commitment and the seed give.", 480_000
    ),
)


def minute(n: int) -> str:
    if n < 90:
        return "."
    if 800 <= n < 812:
        return "d"
    if 500 <= n < 560:
        return "p"
    return "i" if int(digest("minute", n // 7, size=4), 16) % 4 == 0 else "e"


TIMELINE = TimelineView(
    minutes="".join(minute(n) for n in range(1440)),
    end_ms=NOW - NOW % 60_000,
    days=tuple(
        DayTime(DAY_NAMES[back], 30_000 + 900 * (back % 5), 9_000 + 400 * (back % 7), 3_600 * (back % 3),
                700 * (back % 4))
        for back in range(31) if back % 9 != 4
    ),
    spells=(
        Spell(NOW - 720_000, "earning"), Spell(NOW - 1_080_000, "lost_draws", NOW - 720_000),
        Spell(NOW - 3_000_000, "earning", NOW - 1_080_000),
        Spell(NOW - 3_012_000, "engine_down", NOW - 3_000_000),
        Spell(NOW - 5_380_000, "earning", NOW - 3_012_000),
        Spell(NOW - 5_400_000, "model_loading", NOW - 5_380_000),
        Spell(NOW - 9_000_000, "off", NOW - 5_400_000), Spell(NOW - 12_600_000, "paused", NOW - 9_000_000),
        Spell(NOW - 30_600_000, "earning", NOW - 12_600_000),
    ),
)  # fmt: skip
FRESH_TIMELINE = TimelineView(
    "." * 1439 + "d", NOW - NOW % 60_000, (DayTime(DAY_NAMES[0], idle_s=8, down_s=12),),
    (Spell(NOW - 8_000, "no_demand"), Spell(NOW - 20_000, "model_loading", NOW - 8_000)),
)  # fmt: skip
LIMITS = (
    LimitView("suspend_after", "Rejected within the hour", 1, 3,
              sentence="Three suspend the node for 1 h.", eases_ms=NOW + 3_492_000),
)  # fmt: skip
NEAR_LIMITS = (
    LimitView("suspend_after", "Rejected within the hour", 2, 3, "near",
              "One more rejected answer suspends the node for 1 h. Pause it and look at the two.",
              NOW + 1_892_000),
)  # fmt: skip
MODELS = ModelsView(
    "/home/ada/.quarterdeck/models", 44_023_414_784,
    (
        ModelView("smollm2-135m-instruct-q4_1", "SmolLM2 135M Instruct, Q4_1", "verified", 98_362_432,
                  digest("group"), "Q4_1", 134_515_008, 8192, "Apache-2.0",
                  "/home/ada/.quarterdeck/models/SmolLM2-135M-Instruct.Q4_1.gguf", True, True, True,
                  "0.4 GB of 21 GB free memory", True),
        ModelView("/data/qwen2.5-0.5b-instruct-q8_0.gguf", "qwen2.5-0.5b-instruct-q8_0", "unverified",
                  675_710_816, "", "Q8_0", 494_032_768, 32768, "", "/data/qwen2.5-0.5b-instruct-q8_0.gguf",
                  fits=True, fit_sentence="0.9 GB of 21 GB free memory", exact=True),
        ModelView("big-model", "A model that is being fetched", "fetching", 4_920_000_000, digest("big"),
                  "Q4_K_M", 8_030_000_000, 131072, "Apache-2.0", fits=True,
                  fit_sentence="5.6 GB of 21 GB free memory", done_bytes=1_890_000_000, sentence="14 MB/s"),
    ),
)  # fmt: skip
SEQUENCES = (
    SequenceView(0, "network", 412, 412, 128, 48, 128, 3_100),
    SequenceView(1, "local", 1_024, 512, 0, 0, 512, 900),
    SequenceView(2, "network", 96, 96, 0, 9, 64, 1_300),
    SequenceView(4, "network", 351, 351, 320, 102, 128, 4_200),
    SequenceView(7, "network", 1_800, 256, 0, 0, 96, 400),
)
PLAN = PlanView(
    made_ms=NOW - 5_398_000, gpu_layers=0, context=2048, slots=8, slots_used=8, threads=4, rows=512,
    ram_bytes=677_000_000,
    reasons=(
        WhyView("layers", "The processor computes: no GPU was found."),
        WhyView("context", "2,048 tokens for each slot, as configured."),
        WhyView("slots", "8 slots: the network sends a node no more at once, and each takes 45 MB. Measured: "
                         "8 at once gave 1.9 times the tokens of one."),
        WhyView("threads", "4 threads: 4 physical cores; more would share them."),
        WhyView("rows", "512 rows a batch: exact answers do not depend on it, and fewer cost speed."),
    ),
    next_step="a context of 1,024 tokens instead of 2,048",
)  # fmt: skip
STEPPED = msgspec.structs.replace(
    PLAN, context=512, slots=4, slots_used=4, threads=1, ram_bytes=280_000_000,
    reasons=(
        PLAN.reasons[0],
        WhyView("context", "512 tokens: memory ran out with 2,048."),
        WhyView("slots", "4 slots: memory ran out with 8."),
        WhyView("threads", "1 thread: other programs keep 2.0 of 2 cores busy, and a thread without a core "
                           "makes all of them wait."),
        PLAN.reasons[4],
    ),
    taken=("a context of 1,024 tokens instead of 2,048", "a context of 512 tokens instead of 1,024",
           "4 slots instead of 8"),
    next_step="2 slots instead of 4",
)  # fmt: skip
STEP_NOTE = Note(
    NOW - 40_000, "error",
    "Memory ran out. There is not enough memory for the context. Use a smaller context or fewer slots. It is "
    "started again in 2 s with 4 slots instead of 8.", "engine", calls=True,
)  # fmt: skip
