"""Writes the recordings beside it: fixed data, so that pictures of them never change.

Run `PYTHONPATH=tests python -m recordings.make` after the control protocol changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from recordings.evidence import detail_of, judged_again
from recordings.history import EARNINGS as WITHOUT_STATEMENTS
from recordings.history import (
    FACTS,
    FRESH_TIMELINE,
    GPU_FACTS,
    GPUS,
    GROUPS,
    LIMITS,
    MODELS,
    NEAR_LIMITS,
    NOW,
    PLAN,
    PROCESSES,
    SEQUENCES,
    STEP_NOTE,
    STEPPED,
    THREE_REJECTED,
    TIMELINE,
    digest,
    wave,
)
from recordings.stated import DISPUTED, STATED
from recordings.stated import detail_of as statement_of

from console.control import events as ev
from console.control.earnings import EarningsView
from console.control.link import Lost, News
from console.control.machine import MachineView
from console.control.network import NetworkView
from console.control.recording import Asked, Recorder
from console.control.reducer import reduce
from console.control.state import (
    EngineView,
    JobView,
    MoneyView,
    NodeFacts,
    NodeState,
    Note,
    Switches,
    VerdictView,
)
from console.control.wire import Answer, Delta, Hello, JobDetail, Snapshot
from console.control.witnessed import KeptEvidence, Said
from console.protocol.ids import JobId, NanoCredits, NodeId
from console.protocol.reasons import Reason, reason
from console.protocol.types import (
    Balances,
    Policy,
    Statistic,
)

HERE = Path(__file__).parent
replace = msgspec.structs.replace


EARNINGS = replace(WITHOUT_STATEMENTS, statements=STATED)
POLICY = Policy(bond_target=500_000, penalty_multiple=10, audit_ppm=100_000)
"""Fixed, so that the pictures stay when the network's defaults change."""
NODE = NodeFacts(
    id=NodeId(digest("node")), name="reef-42", software="quarterdeck 0.1.0", home="/home/ada/.quarterdeck",
    pid=4711, started_ms=NOW - 5_400_000, practice=True,
)  # fmt: skip
MACHINE = MachineView(
    at_ms=NOW - 800, cpu_model="AMD EPYC 7B13", cores=8, cpu_percent=38, load_milli=2140,
    ram_used_bytes=3_328_599_654, ram_total_bytes=25_769_803_776,
    disk_free_bytes=44_023_414_784, disk_total_bytes=107_374_182_400, temperature_c=61,
    cpu_history=wave(18, 72, 120, "cpu"), ram_history=(12,) * 120,
    temperature_history=wave(52, 66, 120, "heat"), frequency_mhz=2450, swap_used_bytes=0, on_battery=False,
    processes=PROCESSES,
)  # fmt: skip
GPU_MACHINE = replace(
    MACHINE,
    gpus=GPUS,
    gpu_history=wave(70, 99, 120, "gpu"),
)
ENGINE = EngineView(
    state="ready", model="SmolLM2-135M-Instruct Q4_1", pid=4712, slots=1, slots_busy=1, queued=1,
    tokens_per_s_milli=164_300, first_token_ms=210, context=2048, rss_bytes=412_000_000,
    profile="x86-64-v3/b6871", self_test=True, tokens_history=wave(60_000, 180_000, 120, "tok"),
)  # fmt: skip
BATCHING = replace(
    ENGINE, slots=8, slots_busy=5, queued=2, sequences=SEQUENCES, prefill_per_s_milli=1_420_000,
    prompt_tokens=61_400, reused_tokens=23_900, reused_prompts=171, rss_bytes=571_000_000,
)  # fmt: skip
NETWORK = NetworkView(
    state="connected", coordinator="ws://127.0.0.1:8800/net/v1/ws", name="practice",
    since_ms=NOW - 5_390_000, latency_ms=3, slot=2695, epoch=9, roster_size=4, listed=True,
    draws=842, won=214, expected_milli=209_300, variance_milli=157_000, policy=POLICY,
    coordinator_key=digest("coordinator"), sessions=2, receipts=2_688, receipts_listed=2_671,
    receipt_ms=NOW - 900, probation_left=0, audit_ppm=100_000, latency_history=wave(2, 9, 120, "latency"),
    groups=GROUPS, roster_root=digest("roster"), seeds_root=digest("seeds", 9),
    kept=KeptEvidence(2_670, 7, 2_679, 9, 1, 9),
)  # fmt: skip
MONEY = MoneyView(
    balances=Balances(NanoCredits(310_500), NanoCredits(8_204_000), NanoCredits(420_000)),
    bond_target=500_000, today_earned=9_412_500, today_penalised=640_000, today_jobs=214,
    today_accepted=211, today_rejected=1, today_failed=2, total_earned=41_950_000,
    total_penalised=640_000, total_accepted=940, total_rejected=1,
    last_accepted_ms=NOW - 4_100, last_paid_ms=NOW - 4_000,
)  # fmt: skip


def job(number: int, **changes: object) -> JobView:
    """A job that was accepted some time ago, but for `changes`."""
    received = NOW - 9_000 * number - 3_000
    tokens = 24 + int(digest("tokens", number, size=3), 16) % 105
    base = JobView(
        job=JobId(digest("job", number, size=32)), attempt=1, state="accepted", received_ms=received,
        started_ms=received + 40, ended_ms=received + 1_900, prompt_tokens=31 + number % 50, max_tokens=128,
        tokens=tokens, tokens_per_s_milli=140_000 + 700 * (number % 40), first_token_ms=180 + number % 60,
        temperature_milli=700, roster_size=4, draw_ok=True, outcome="accepted",
        mode="not_audited" if number % 3 else "recompute_exact", reward=(tokens + 31) * 500,
    )  # fmt: skip
    return replace(base, **changes)


LIVE = (
    job(0, state="queued", started_ms=0, ended_ms=0, tokens=0, tokens_per_s_milli=0, outcome=None, mode=None,
        reward=0, received_ms=NOW - 600, lease_until_ms=NOW + 119_000),
    job(1, state="running", ended_ms=0, tokens=48, tokens_per_s_milli=164_300, outcome=None, mode=None,
        reward=0, received_ms=NOW - 1_400, lease_until_ms=NOW + 41_000),
)  # fmt: skip
FAILED = job(
    9, state="failed", outcome=None, mode=None, reward=0, fault="node", tokens=12,
    sentence="The engine stopped in the middle of this job.",
)  # fmt: skip
REJECTED = job(
    12, state="rejected", outcome="rejected", mode="replay", reward=0, penalty=640_000, fault="node",
    sentence="Token 31 is not the one that the commitment and the seed give.",
)  # fmt: skip
DONE = tuple(FAILED if n == 9 else REJECTED if n == 12 else job(n) for n in range(2, 60))


def verdict(view: JobView) -> VerdictView:
    bad = view.state == "rejected"
    return VerdictView(
        job=view.job, attempt=1, at_ms=view.ended_ms + 300, outcome="rejected" if bad else "accepted",
        mode=view.mode or "not_audited", tokens_checked=0 if view.mode == "not_audited" else view.tokens,
        mismatches=1 if bad else 0, first_mismatch=31 if bad else -1, sentence=view.sentence,
    )  # fmt: skip


VERDICTS = tuple(verdict(view) for view in DONE if view.state != "failed")
NOTES = (
    Note(NOW - 4_000, "good", "Job 5be1f0 was paid: 64.0 µcr.", "money"),
    Note(NOW - 31_000, "info", "Epoch 9 began; 65,536 draws are committed to.", "network"),
    Note(NOW - 90_000, "warning", "Job failed: the engine stopped in the middle of it.", "jobs"),
    Note(NOW - 92_000, "error", "The engine was ended by signal 9. Next try in 2 s.", "engine"),
    Note(NOW - 108_000, "error", "An answer was rejected by replay: token 31. Penalty 640 µcr.", "money"),
    Note(NOW - 5_380_000, "good", "Signed in as reef-42; probation ends after 10 answers.", "network"),
    Note(NOW - 5_395_000, "good", "The engine is ready: self-test passed, 171 tokens/s.", "engine"),
    Note(NOW - 5_400_000, "info", "The agent started.", "operator"),
)
EARNING = NodeState(
    now_ms=NOW, node=NODE, reason=reason("earning", since_ms=NOW - 720_000), engine=ENGINE, machine=MACHINE,
    network=NETWORK, money=MONEY, jobs=(*LIVE, *DONE), verdicts=VERDICTS, notes=NOTES,
    earnings=EARNINGS, timeline=TIMELINE, limits=LIMITS, models=MODELS, facts=FACTS,
)  # fmt: skip
IDLE_ENGINE = replace(ENGINE, slots_busy=0, queued=0, tokens_per_s_milli=0)
FRESH = replace(
    EARNING,
    reason=reason("no_demand", since_ms=NOW - 8_000),
    engine=replace(IDLE_ENGINE, first_token_ms=0, tokens_history=()),
    money=MoneyView(bond_target=500_000),
    network=replace(NETWORK, draws=0, won=0, expected_milli=0, variance_milli=0, epoch=1, slot=4, sessions=1,
                    since_ms=NOW - 8_000, receipts=4, receipts_listed=4, probation_left=10,
                    audit_ppm=1_000_000, latency_history=NETWORK.latency_history[:4]),
    machine=replace(MACHINE, cpu_history=MACHINE.cpu_history[:6]),
    jobs=(), verdicts=(), notes=NOTES[-3:], earnings=EarningsView(), limits=(), timeline=FRESH_TIMELINE,
    models=replace(MODELS, models=MODELS.models[:1]),
)  # fmt: skip


UNJUDGED: dict[str, object] = {"ended_ms": 0, "outcome": None, "mode": None, "reward": 0}
BATCH_JOBS = (
    *(job(n, **UNJUDGED, state="queued", started_ms=0, tokens=0, tokens_per_s_milli=0,
          received_ms=NOW - 900 + 40 * n, lease_until_ms=NOW + 119_000) for n in (900, 901)),
    *(job(n, **UNJUDGED, state="running", tokens=tokens, tokens_per_s_milli=41_000 + n,
          received_ms=NOW - 4_000, lease_until_ms=NOW + 41_000)
      for n, tokens in ((902, 0), (903, 48), (904, 9), (905, 102))),
)  # fmt: skip
UNLISTED = replace(NETWORK, listed=False)


def told(view: JobView, **changes: object) -> VerdictView:
    """A verdict of another kind on a job of the recording."""
    return replace(verdict(view), **{"outcome": "accepted", "mismatches": 0, "first_mismatch": -1} | changes)


MEASURED = (
    Statistic("max_margin", 412_000, 1_000_000), Statistic("mean_margin", 9_400, 19_200),
    Statistic("mismatch_rate", 54_000, 134_600), Statistic("logprob_distance", 101_000, 250_000),
)  # fmt: skip
TOO_FAR = (*MEASURED[:3], Statistic("logprob_distance", 612_000, 250_000))
KINDS = (
    told(job(2), mode="recompute_exact", tokens_checked=512, positions=64,
         sentence="exact 64/512, in windows"),
    told(job(3), mode="recompute_tolerant", tokens_checked=128, positions=128, statistics=MEASURED,
         calibration=digest("calibration"), sentence="Within the noise between two kinds of machine."),
    told(job(4), mode="abstained", tokens_checked=96, sentence="Replayed, not recomputed: no calibration."),
    told(REJECTED, mode="recompute_tolerant", outcome="rejected", tokens_checked=128, positions=64,
         mismatches=21, first_mismatch=3, statistics=TOO_FAR, calibration=digest("calibration"),
         sentence="At 64 of 128 positions, the committed logits are not those of the model that the node "
         "says it serves: logprob distance 0.612, limit 0.250. A second verifier agrees."),
)  # fmt: skip


def because(state: NodeState, why: Reason, **changes: object) -> NodeState:
    return replace(state, reason=why, jobs=DONE, **{"network": UNLISTED, **changes})


def said(why: Reason, since_ms: int) -> Said:
    """The network's word for a reason, as its presence receipts tell it."""
    return Said(why.code, why.sentence, why.remedy, why.evidence, why.until_ms, since_ms, signed=True)


SUSPENDED = reason(
    "suspended", sentence="The network suspended this node: 3 rejected answers within an hour.",
    since_ms=NOW - 600_000, until_ms=NOW + 3_000_000, evidence=digest("evidence", size=32),
)  # fmt: skip
STATES: dict[str, NodeState] = {
    "batching": replace(EARNING, engine=BATCHING, plan=PLAN, jobs=(*BATCH_JOBS, *DONE)),
    "stepped": replace(EARNING, engine=replace(BATCHING, slots=4, slots_busy=1, queued=0, context=512,
                                               sequences=BATCHING.sequences[:1]),
                       plan=STEPPED, notes=(STEP_NOTE, *NOTES)),
    "fresh": FRESH,
    "earning": EARNING,
    "gpu": replace(EARNING, machine=GPU_MACHINE, facts=GPU_FACTS),
    "kinds": replace(EARNING, verdicts=(*KINDS, *VERDICTS[8:])),
    "disputed": replace(EARNING, earnings=replace(EARNINGS, statements=DISPUTED)),
    "near_limit": replace(EARNING, limits=NEAR_LIMITS),
    "paused": because(
        EARNING, reason("paused", since_ms=NOW - 240_000), engine=IDLE_ENGINE,
        switches=Switches(paused=True, since_ms=NOW - 240_000, by="ada"),
    ),
    "engine_down": because(
        EARNING,
        reason("engine_down", since_ms=NOW - 6_000,
               sentence="The engine was ended by signal 9 (killed) in the middle of a job."),
        engine=replace(
            IDLE_ENGINE, state="waiting", pid=0, restarts=3, next_try_ms=NOW + 8_000,
            sentence="Ended by signal 9: somebody or the system's out-of-memory guard killed it.",
        ),
    ),
    "network_down": because(
        EARNING, reason("coordinator_down", since_ms=NOW - 95_000), engine=IDLE_ENGINE,
        network=replace(UNLISTED, state="connecting", latency_ms=None, next_try_ms=NOW + 4_000,
                        since_ms=NOW - 95_000, receipt_ms=NOW - 97_000, sentence="Connection refused."),
    ),
    "suspended": because(
        EARNING, SUSPENDED, engine=IDLE_ENGINE,
        network=replace(UNLISTED, said=said(SUSPENDED, NOW - 600_000)),
        money=replace(MONEY, balances=replace(MONEY.balances, bond=NanoCredits(0), pending=NanoCredits(0))),
        earnings=replace(EARNINGS, penalties=(*THREE_REJECTED, *EARNINGS.penalties[1:])),
    ),
}  # fmt: skip


def messages(state: NodeState) -> Iterator[tuple[int, News | Asked]]:
    """Hello, snapshot, and the answers that the console may ask for."""
    yield NOW - 5, Hello(1, "quarterdeck 0.1.0", 4711)
    yield NOW, Snapshot(1, NOW, state)
    for view in (job(2), job(3), job(4), REJECTED, FAILED, LIVE[1]):
        arguments: dict[str, str | int] = {"job": view.job, "attempt": 1}
        detail = _told(state, detail_of(view, NODE.id, ENGINE.profile, MONEY.balances))
        for name, said in (("job", detail), ("recompute", judged_again(view))):
            raw = msgspec.Raw(msgspec.json.encode(said))
            yield NOW, Asked(name, arguments, Answer("", True, "", raw))  # type: ignore[arg-type]
    told = state.earnings.statements
    for epoch in (8, 7, 6) if told.statements else ():
        raw = msgspec.Raw(msgspec.json.encode(statement_of(told, epoch, NODE.id)))
        yield NOW, Asked("statement", {"epoch": epoch}, Answer("", True, "", raw))
    yield NOW, Asked("pause", {}, Answer("", True, "Paused. Jobs that run are finished first."))
    yield NOW, Asked("resume", {}, Answer("", True, "Taking work again."))
    yield NOW, Asked("drain", {}, Answer("", True, "Draining: 1 job runs on, no new one is taken."))
    yield NOW, Asked("restart_engine", {}, Answer("", True, "The engine restarts."))
    yield NOW, Asked("probe_machine", {}, Answer("", True, "Probing the machine."))
    yield NOW, Asked("probe_machine", {}, Answer("", True, "Probing the machine."))


def _told(state: NodeState, detail: JobDetail) -> JobDetail:
    """With the verdict that the stream tells of the job, where it is one of the other kinds."""
    shown = [v for v in state.verdicts if v in KINDS and v.job == detail.view.job]
    if not shown or detail.verdict is None:
        return detail
    names = ("outcome", "mode", "tokens_checked", "mismatches", "first_mismatch", "sentence", "statistics",
             "calibration", "positions")  # fmt: skip
    return replace(detail, verdict=replace(detail.verdict, **{n: getattr(shown[0], n) for n in names}))


def busy(seconds: int) -> Iterator[tuple[int, News]]:
    """A node at work for a while, in deltas: for live pictures and measurements."""
    yield NOW - 5, Hello(1, "quarterdeck 0.1.0", 4711)
    yield NOW, Snapshot(1, NOW, EARNING)
    seq, state = 1, EARNING
    for tick in range(seconds * 2):
        at = NOW + 500 * (tick + 1)
        for event in _tick(state, tick, at):
            seq += 1
            state = reduce(state, at, event)
            yield at, Delta(seq, at, event)


def _tick(state: NodeState, tick: int, at: int) -> Iterator[ev.Event]:
    cycle, step = divmod(tick, 8)
    number = 1000 + cycle
    running = job(number, state="running", ended_ms=0, received_ms=NOW + 4000 * cycle, reward=0, outcome=None,
                  mode=None, tokens=16 * step, lease_until_ms=NOW + 4000 * cycle + 120_000)  # fmt: skip
    if step < 7:
        yield ev.JobChanged(running)
    else:
        done = replace(running, state="accepted", tokens=128, reward=64_000, outcome="accepted",
                       mode="recompute_exact", ended_ms=at)  # fmt: skip
        yield ev.JobChanged(done)
        yield ev.VerdictArrived(verdict(done))
        money = state.money
        yield ev.MoneyChanged(replace(
            money, today_earned=money.today_earned + 64_000, today_jobs=money.today_jobs + 1,
            today_accepted=money.today_accepted + 1, last_accepted_ms=at, last_paid_ms=at,
        ))  # fmt: skip
    if tick % 2:
        level = int(digest("cpu", tick, size=4), 16) % 60 + 20
        yield ev.MachineSampled(replace(MACHINE, at_ms=at, cpu_percent=level))
        speed = 120_000 + int(digest("speed", tick, size=4), 16) % 60_000
        yield ev.EngineChanged(replace(ENGINE, tokens_per_s_milli=speed, tokens_history=()), sample=True)


def write(name: str, recorded: Iterator[tuple[int, News | Asked]]) -> None:
    with (HERE / f"{name}.jsonl").open("wb") as out:
        recorder = Recorder(out)
        for at_ms, message in recorded:
            recorder.write(at_ms, message)


def lost() -> Iterator[tuple[int, News | Asked]]:
    yield from messages(EARNING)
    yield NOW, Lost("No agent is running here. Start it with `quarterdeck agent start`.", 2.0)


def never() -> Iterator[tuple[int, News | Asked]]:
    yield NOW, Lost("No agent is running here. Start it with `quarterdeck agent start`.", 0.5)


def main() -> None:
    for name, state in STATES.items():
        write(name, messages(state))
    write("lost", lost())
    write("no_agent", never())
    write("busy", busy(60))


if __name__ == "__main__":
    main()
