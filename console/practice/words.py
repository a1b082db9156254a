"""The report of a practice run in words."""

from __future__ import annotations

from typing import Any

from console.ledger.figures import credits


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
        _cost(audits),
        f"  ledger    sums to {ledger['sum']}; paid {credits(ledger['paid'])}, "
        f"penalties {credits(ledger['penalised'])}, held {credits(ledger['held'])}",
        f"  payment   {jobs['unpaid_accepted']} accepted and unpaid, {jobs['paid_twice']} paid twice",
        "",
        f"  {'node':<15} {'draws':>5} {'expected':<13} {'accepted':>8} {'rejected':>8} "
        f"{'paid':>10} {'penalty':>10}",
    ]
    lines += [_node(node) for node in report["nodes"]]
    return "\n".join(lines)


def _cost(audits: dict[str, Any]) -> str:
    """Time to verify beside time to generate."""
    whole, after = audits["cost_ratio"], audits["cost_ratio_after_probation"]
    if whole is None:
        return "  cost      nothing was generated"
    then = "" if after is None else f", {100 * after:.1f} % after probation"
    least, rate = 100 * audits["rate_that_deters"], 100 * audits["rate"]
    return (
        f"  cost      verifying took {100 * whole:.1f} % of generating{then}; "
        f"cheating pays below {least:.1f} %, audited {rate:.1f} %"
    )


def _node(node: dict[str, Any]) -> str:
    low, high = node["band95"]
    name = node["name"] if node["honest"] else f"{node['name']} rogue"
    expected = f"{node['expected']:.1f} ({low:.0f}–{high:.0f})"
    return (
        f"  {name:<15} {node['draws']:>5} {expected:<13} {node['accepted']:>8} {node['rejected']:>8} "
        f"{credits(node['paid']):>10} {credits(node['penalised']):>10}"
    )
