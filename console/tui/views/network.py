"""The network as seen from here: its groups and this node's place in the roster."""

from __future__ import annotations

from console.control.network import GroupView, NetworkView
from console.protocol.reasons import label
from console.tui.figures import ago, percent
from console.tui.rows import Role, Row, clean, fit, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.network_coordinator import coordinator_content, named, where
from console.tui.views.network_draws import draws_content
from console.tui.views.network_evidence import evidence_content
from console.tui.views.network_rules import rules_content, watched

TITLE_EDGES = 6
"""Cells that a frame takes beside its title."""
_NO_REASON = frozenset(("earning", "no_demand", "lost_draws"))
_HEADS = (("nodes", 6), ("listed", 7), ("waiting", 8), ("asked/min", 10))
_SHORT_HEADS = (("nodes", 6), ("list", 5), ("wait", 5), ("/min", 6))


def roster(view: View, frame: Frame) -> list[Row]:
    """The panel."""
    network = view.state.network
    title = "Roster"
    if network.receipts and view.known:
        title = f"Roster · slot {network.slot:,}"
        whole = f"{title} · epoch {network.epoch:,}"
        title = whole if len(whole) + TITLE_EDGES <= frame.width else title
    return framed(title, roster_content(view, frame.inner_width), frame)


def groups_content(view: View, width: int) -> list[Row]:
    """What the groups mean for this node, and all of them as a table, this node's first."""
    network = view.state.network
    if not view.known:
        return []
    if not network.groups:
        return [fit(row((f" {line}", "dim")), width) for line in wrap(_no_groups(network), width - 2, 4)]
    words = [row(f" {line}") for line in wrap(_chance(view), width - 2, 3) if line]
    ordered = sorted(network.groups, key=lambda group: (not group.mine, -group.nodes, group.group))
    return [fit(line, width) for line in (*words, *_table(ordered, width))]


def _table(ordered: list[GroupView], width: int) -> list[Row]:
    heads = _HEADS if width >= 54 else _SHORT_HEADS
    sizes = [size for _, size in heads]
    name = max(8, width - 3 - sum(sizes))
    titles = "".join(f"{head:>{size}}" for head, size in heads)
    return [
        row((f" {text_fit('model', name)} {titles}", "dim")),
        *(_group(group, name, sizes) for group in ordered),
    ]


def _no_groups(network: NetworkView) -> str:
    if not network.receipts:
        return "Nothing has been heard of the groups yet."
    return "This coordinator does not tell of its groups; it is of an older version."


def _group(group: GroupView, name: int, sizes: list[int]) -> Row:
    ink: Role = "strong" if group.mine else "text"
    figures = (group.nodes, group.listed, group.waiting, group.requests_per_min)
    cells = [f"{text_fit(f'{n:,}', size).strip():>{size}}" for n, size in zip(figures, sizes, strict=True)]
    mark = "▸" if group.mine else " "
    return row((mark, "accent"), (f"{text_fit(group.name, name)} {''.join(cells)}", ink))


def _chance(view: View) -> str:
    """What a group's size and demand mean for this node."""
    network = view.state.network
    if network.state != "connected":
        return f"As told {ago(view.now_ms, network.receipt_ms)}. Now no draw falls on this node."
    mine = next((group for group in network.groups if group.mine), None)
    if mine is None:
        return "This node's model has no group here."
    if not network.listed or not network.roster_size:
        return "While this node is not listed, no draw falls on it."
    chance = f"Your chance: 1 of {network.roster_size:,} for each request."
    falls = mine.requests_per_min / network.roster_size
    if not mine.requests_per_min:
        return f"{chance} Nobody asked in the last minute."
    about = f"{falls:,.0f}" if falls >= 10 else f"{falls:.1f}"
    return f"{chance} Of the last minute's {mine.requests_per_min:,}, about {about}."


def roster_content(view: View, width: int) -> list[Row]:
    """Whether this node is listed, what the network says of it, its queue, and how closely it is watched."""
    network = view.state.network
    if not view.known:
        return []
    rows = [named("Listed", *_listed(view)), named("Says", *_said(view))]
    if network.receipts:
        often = percent(network.receipts_listed, network.receipts)
        rows.append(named("Receipts", f"{network.receipts:,}, listed in {often}", "text"))
        rows.append(named("Last one", ago(view.now_ms, network.receipt_ms), "text"))
    else:
        rows.append(named("Receipts", "none yet", "dim"))
    if network.policy is not None:
        rows.append(named("Queue", *_queue(view, network.policy.queue_limit)))
    words = watched(network)
    rows.append(named("Audited", words or "not known", "text" if words else "dim"))
    return [fit(line, width) for line in rows]


def _listed(view: View) -> tuple[str, Role]:
    network, code = view.state.network, view.state.reason.code
    if network.state != "connected":
        return "○ no connection", "warn"
    if network.listed:
        return f"● now, 1 of {network.roster_size:,}", "good"
    if not network.receipts:
        return "◌ not known yet", "dim"
    return f"○ no: {'left out' if code in _NO_REASON else clean(label(code)).lower()}", "warn"


def _said(view: View) -> tuple[str, Role]:
    """What the network holds against this node, in its own words."""
    network = view.state.network
    said = network.against
    if said is not None:
        return f"{clean(label(said.code))}: {said.sentence}", "warn"
    if network.state == "connected" and network.receipts:
        return "nothing against it", "text"
    return "nothing heard", "dim"


def _queue(view: View, limit: int) -> tuple[str, Role]:
    here = view.book.live_count
    return f"{here:,} of at most {limit:,} here", "warn" if here >= limit else "text"


def page_content(view: View, width: int, zone_s: int) -> list[Row]:
    """All of it in one column, for a terminal that is too small for panels."""
    if not view.known:
        return []
    rows: list[Row] = []
    for title, content in (
        ("Draws", draws_content(view, width, 0)),
        ("Roster", roster_content(view, width)),
        ("Evidence kept here", evidence_content(view, width)),
        ("Groups", groups_content(view, width)),
        (f"Coordinator · {where(view)}", coordinator_content(view, width, zone_s)),
        ("Prices and rules", rules_content(view, width)),
    ):
        rows += [row((f" {title}", "title")), *content] if rows else content
    return [fit(line, width) for line in rows]
