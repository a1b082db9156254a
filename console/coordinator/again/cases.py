"""The verdicts of a coordinator's database, each with what is kept beside it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.coordinator.store.schema import DATABASE
from console.coordinator.store.sqlite_reading import look
from console.protocol.ids import EvidenceId, GroupId, JobId, NodeId
from console.protocol.types import Receipt, Statistic, Verdict

ENGINE_CONTEXT = 2048
"""Tokens; a coordinator that allows longer jobs has longer ones judged again."""
_ROWS = """SELECT v.id, v.job, v.attempt, v.node, v.outcome, v.mode, v.tokens_checked, v.mismatches,
  v.first_mismatch, v.sentence, v.at_ms, v.statistics, v.calibration, v.positions,
  j."group", coalesce(r.body, x''), coalesce(e.sealed, x''), coalesce(a.rate_ppm, -1), coalesce(p.root, ''),
  j.prompt_tokens + j.max_tokens
  FROM verdicts v JOIN jobs j ON j.id = v.job
  LEFT JOIN receipts r ON r.job = v.job AND r.attempt = v.attempt
  LEFT JOIN evidence e ON e.id = v.id LEFT JOIN audits a ON a.verdict = v.id
  LEFT JOIN tickets t ON t.job = v.job AND t.attempt = v.attempt LEFT JOIN epochs p ON p.epoch = t.epoch
  ORDER BY v.at_ms, v.id"""


class DataError(Exception):
    """What was given cannot be checked; the text says why and what to do."""


class Case(msgspec.Struct, frozen=True):
    """One verdict as it stands in the database."""

    verdict: Verdict
    group: GroupId
    receipt: Receipt | None
    sealed: bytes
    """Its evidence; empty when none is kept (any more)."""
    rate_ppm: int
    """At which the audit was drawn; -1 where that is not known."""
    seeds_root: str
    """What the coordinator committed to before the epoch of the draw."""
    tokens: int = 0
    """Of prompt and answer at most."""


def read_cases(folder: Path) -> list[Case]:
    """All of them, oldest first.

    Raises:
        StoreError: as `look`.
        DataError: a verdict or receipt is not understood.
    """
    path = folder / DATABASE
    try:
        with look(path) as db:
            return [_case(row) for row in db.execute(_ROWS)]
    except (msgspec.MsgspecError, TypeError) as error:
        raise DataError(f"{path} holds a verdict or receipt that is not understood ({error}).") from error


def chosen(cases: list[Case], names: tuple[str, ...]) -> list[Case]:
    """Those whose verdict or job begins with one of `names`; all of them for none. Raises DataError."""
    if not names:
        return cases
    found: list[Case] = []
    for name in names:
        ours = [c for c in cases if c.verdict.id.startswith(name) or c.verdict.job.startswith(name)]
        if not ours:
            raise DataError(f"No verdict and no job here begins with {name}.")
        found += [case for case in ours if case not in found]
    return found


def context_for(cases: list[Case], trained: int) -> int:
    """Context in which an engine can recompute every one, tokens. `trained`: the model's most; 0: unknown."""
    needed = max([ENGINE_CONTEXT, *(case.tokens for case in cases)])
    return min(needed, trained) if trained else needed


def _case(row: tuple[object, ...]) -> Case:
    *plain, statistics, calibration, positions, group, receipt, sealed, rate_ppm, root, tokens = row
    told = dict(zip(Verdict.__struct_fields__, plain, strict=False))
    told |= {"statistics": msgspec.json.decode(str(statistics), type=tuple[Statistic, ...])}
    told |= {"calibration": calibration, "positions": positions}
    verdict = msgspec.convert(told | {"type": "verdict"}, Verdict)
    verdict = msgspec.structs.replace(
        verdict, id=EvidenceId(verdict.id), job=JobId(verdict.job), node=NodeId(verdict.node)
    )
    body = bytes(receipt)  # type: ignore[call-overload]
    return Case(
        verdict=verdict,
        group=GroupId(str(group)),
        receipt=msgspec.json.decode(body, type=Receipt) if body else None,
        sealed=bytes(sealed),  # type: ignore[call-overload]
        rate_ppm=int(rate_ppm),  # type: ignore[call-overload]
        seeds_root=str(root),
        tokens=int(tokens),  # type: ignore[call-overload]
    )
