"""The engine and its launch plan in the words of the control protocol. Pure."""

from __future__ import annotations

import msgspec

from console.agent.supervision.happenings import Supervised
from console.control.engine import PlanView, SequenceView, WhyView
from console.control.state import EngineView
from console.engine.plan import Learned, Plan
from console.engine.port import Health, SequenceNow


def engine_view(
    supervised: Supervised,
    health: Health | None,
    *,
    model: str,
    pid: int,
    next_try_ms: int,
    running: int,
    waiting: int,
) -> EngineView:
    """What is known of the engine; `running` and `waiting`: this node's jobs."""
    view = EngineView(
        state=supervised.state,
        sentence=supervised.sentence,
        model=model,
        pid=pid,
        restarts=supervised.restarts,
        next_try_ms=next_try_ms,
    )
    return view if health is None else _measured(view, health, running, waiting)


def _measured(view: EngineView, health: Health, running: int, waiting: int) -> EngineView:
    return msgspec.structs.replace(
        view,
        slots=health.slots,
        slots_busy=max(health.slots_busy, running),
        queued=waiting,
        tokens_per_s_milli=health.tokens_per_s_milli,
        first_token_ms=health.first_token_ms,
        context=health.model.context if health.model is not None else 0,
        rss_bytes=health.rss_bytes,
        profile=health.profile.class_id if health.profile is not None else "",
        self_test=health.profile.self_test if health.profile is not None else False,
        sequences=tuple(_sequence(now) for now in health.sequences),
        prefill_per_s_milli=health.prefill_per_s_milli,
        prompt_tokens=health.prompt_tokens,
        reused_tokens=health.reused_tokens,
        reused_prompts=health.reused_prompts,
    )


def _sequence(now: SequenceNow) -> SequenceView:
    return SequenceView(
        slot=now.slot,
        source=now.source,
        prompt_tokens=now.prompt_tokens,
        prefilled=now.prefilled,
        reused=now.reused,
        tokens=now.tokens,
        max_tokens=now.max_tokens,
        age_ms=now.age_ms,
    )


def plan_view(plan: Plan | None, learned: Learned, used: int, made_ms: int) -> PlanView:
    """The plan of the last start; `used`: slots that are given work."""
    if plan is None:
        return PlanView()
    return PlanView(
        made_ms=made_ms,
        gpu_layers=plan.gpu_layers,
        context=plan.context,
        slots=plan.slots,
        slots_used=used,
        threads=plan.threads,
        rows=plan.rows,
        ram_bytes=plan.ram_bytes,
        vram_bytes=plan.vram_bytes,
        fits=plan.fits,
        reasons=tuple(
            WhyView(why.subject, _with_measured(why.sentence, learned, plan.slots, used))
            if why.subject == "slots"
            else WhyView(why.subject, why.sentence)
            for why in plan.reasons
        ),
        taken=plan.taken,
        next_step=plan.next_step,
    )


def _with_measured(sentence: str, learned: Learned, slots: int, used: int) -> str:
    """The reason for the slots, with what was measured since the plan was made."""
    if not learned.slots_because or learned.slots_because in sentence:
        return sentence
    fewer = f" {used} of them {'is' if used == 1 else 'are'} used." if used < slots else ""
    return f"{sentence} Measured: {learned.slots_because}.{fewer}"
