"""`quarterdeck audit draws`: every draw recomputed on this machine, from what the network publishes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import msgspec

from console.cli.agent_home import FAILED, home_of, home_option, print_json
from console.fairness.findings import NodeShare, Recount
from console.protocol.ids import short

SHOWN = 20
"""Findings that are written out; `--json` has all of them."""
_NETWORK = "HTTP address of the coordinator or a gateway; needed where the node dials NATS."


@click.command()
@click.option("--epoch", type=click.IntRange(0), help="One epoch; without it all that can be read.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder that `practice --keep` left, or a coordinator's home; without it: this node's network.",
)
@click.option("--network", default="", metavar="URL", help=_NETWORK)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def draws(epoch: int | None, data: Path | None, network: str, as_json: bool, home: Path | None) -> None:
    """Recompute the draws: seeds, tickets, rosters, picks, and who was left out.

    Without --data the transcripts are read from this node's coordinator, and held against what this node saw
    itself: its presence receipts, the commitments that it was told, the draws that fell on it.
    """
    found = _of_network(home_of(home), epoch, network) if data is None else _of_data(data, epoch)
    if as_json:
        print_json(document(found))
    else:
        click.echo("\n".join(lines(found)))
    if found.findings:
        sys.exit(FAILED)


def _of_network(home: Path, epoch: int | None, published_at: str) -> Recount:
    # HTTP and signatures are slow to load, and `--data`, `--help` and the other audits need neither.
    from console.cli.published import own_recount

    return own_recount(home, epoch, published_at)


def _of_data(data: Path, epoch: int | None) -> Recount:
    """Read and recomputed by a process of the coordinator's room."""
    words = ["--data", str(data.expanduser().absolute())]
    words += [] if epoch is None else ["--epoch", str(epoch)]
    ended = subprocess.run(
        [sys.executable, "-m", "console.coordinator.reports.recount", *words],
        stdout=subprocess.PIPE,
        check=False,
    )
    if ended.returncode:
        sys.exit(FAILED)
    return msgspec.json.decode(ended.stdout, type=Recount)


def document(found: Recount) -> dict[str, object]:
    """The keys that programs read."""
    nodes = [
        {**msgspec.to_builtins(node), "expected": node.expected_milli / 1000, "band95": node.band95}
        for node in found.nodes
    ]
    return {
        "checked": found.checked,
        "wrong": found.wrong,
        "findings": msgspec.to_builtins(found.findings),
        "coordinator": found.coordinator,
        "epochs": found.epochs,
        "open": found.open,
        "nodes": nodes,
    }


def lines(found: Recount) -> list[str]:
    """For people: the verdict first, then what is wrong, then who won what."""
    if not found.epochs and not found.findings:
        return ["No epoch is published yet, so there is nothing to recompute."]
    span = f"epoch {found.epochs[0]}" if len(found.epochs) == 1 else f"{len(found.epochs)} epochs"
    head = f"{found.checked:,} {'draw' if found.checked == 1 else 'draws'} of {span} recomputed"
    told = [f"✗ {head}: {found.wrong:,} wrong." if found.findings else f"✓ {head}: every one holds."]
    for one in found.findings[:SHOWN]:
        told.append(f"  ✗ {one.code}: {one.sentence} (epoch {one.epoch})")
    if len(found.findings) > SHOWN:
        told.append(f"  … and {len(found.findings) - SHOWN:,} more; --json has all of them.")
    if found.open:
        told.append(f"○ Epoch {found.open[-1]} runs: its seeds are checked when it has closed.")
    told.append("")
    told.append("  node      could be drawn      won   expected   95 % band")
    return told + [_share_line(node) for node in found.nodes]


def _share_line(node: NodeShare) -> str:
    low, high = node.band95
    mark = " " if low <= node.won <= high else "!"
    expected, band = node.expected_milli / 1000, f"{low:,.1f} to {high:,.1f}"
    return f"{mark} {short(node.id)}    {node.draws:>14,}  {node.won:>7,}  {expected:>9,.1f}   {band}"
