"""What came of checking verdicts, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from console.protocol.ids import short

SCHEMA_VERSION = 1

Agreement = Literal["agree", "disagree", "abstained"]


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is not as the verdict says. `name` is for programs."""

    name: str
    sentence: str


class Checked(msgspec.Struct, frozen=True):
    """One verdict, checked."""

    verdict: str
    job: str
    node: str
    outcome: str
    mode: str
    agreement: Agreement
    flaws: tuple[Flaw, ...]
    """What is wrong; where it was abstained from, the one reason why."""
    recomputed: Literal["", "exact", "tolerant"] = ""
    """How this machine's own engine judged it; empty where it had nothing to say."""


def document(checked: Sequence[Checked]) -> dict[str, Any]:
    """The keys of `audit verdict --json`."""
    counts = {name: sum(c.agreement == name for c in checked) for name in ("agree", "disagree", "abstained")}
    return {
        "schema_version": SCHEMA_VERSION,
        "checked": len(checked),
        **counts,
        "recomputed": sum(bool(c.recomputed) for c in checked),
        "findings": [
            {"verdict": c.verdict, "job": c.job, "node": c.node, "agreement": c.agreement}
            | {"name": flaw.name, "sentence": flaw.sentence}
            for c in checked
            for flaw in c.flaws
        ],
    }


def lines(checked: Sequence[Checked]) -> list[str]:
    """One line per verdict with something to say, then the sum."""
    told = document(checked)
    found = [
        f"{_GLYPHS[c.agreement]} {short(c.verdict)}  job {short(c.job)}  {c.outcome} {c.mode}: "
        f"{flaw.name}. {flaw.sentence}"
        for c in checked
        for flaw in c.flaws
    ]
    if len(checked) == 1 and not found:
        (only,) = checked
        how = f", recomputed here ({only.recomputed})" if only.recomputed else ""
        found = [f"✓ {short(only.verdict)}  job {short(only.job)}  {only.outcome} {only.mode}{how}."]
    return [
        *found,
        f"{told['checked']:,} verdicts checked, {told['recomputed']:,} recomputed on this machine: "
        f"{told['agree']:,} agree, {told['disagree']:,} disagree, {told['abstained']:,} abstained from.",
    ]


_GLYPHS = {"agree": "✓", "disagree": "✗", "abstained": "○"}
