"""The report of a practice run in words."""

from __future__ import annotations

from typing import Any

_NANO = 1_000_000_000


def human(report: dict[str, Any]) -> str:
    """Lines for a person; `report` has the keys of `practice --json`."""
    jobs, tokens, audits, ledger = (report[k] for k in ("jobs", "tokens", "audits", "ledger"))
    lines = [
        f"{report['minutes']:.1f} minutes of practice",
        f"  jobs      {jobs['received']} received, {jobs['accepted']} accepted, "
        f"{jobs['rejected']} rejected, {jobs['failed']} failed",
        f"  tokens    {tokens['prompt']} read, {tokens['generated']} generated",
        f"  audits    {audits['structure']} structure, {audits['replay']} replay, "
        f"{audits['recompute']} recompute; {audits['rejected']} rejected",
        f"  ledger    sums to {ledger['sum']}; paid {_credits(ledger['paid'])}, "
        f"penalties {_credits(ledger['penalised'])}, held {_credits(ledger['held'])}",
        f"  payment   {jobs['unpaid_accepted']} accepted and unpaid, {jobs['paid_twice']} paid twice",
        "",
        f"  {'node':<15} {'draws':>5} {'expected':<13} {'accepted':>8} {'rejected':>8} "
        f"{'paid':>10} {'penalty':>10}",
    ]
    lines += [_node(node) for node in report["nodes"]]
    return "\n".join(lines)


def _node(node: dict[str, Any]) -> str:
    low, high = node["band95"]
    name = node["name"] if node["honest"] else f"{node['name']} rogue"
    expected = f"{node['expected']:.1f} ({low:.0f}–{high:.0f})"
    return (
        f"  {name:<15} {node['draws']:>5} {expected:<13} {node['accepted']:>8} {node['rejected']:>8} "
        f"{_credits(node['paid']):>10} {_credits(node['penalised']):>10}"
    )


def _credits(nano: int) -> str:
    return f"{nano / _NANO:.6f}"
