"""What this node's network publishes of its draws, held against what the node has seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx
import msgspec

from console.cli.agent_home import FAILED, decoded, question
from console.control.network import NetworkView
from console.control.state import NodeState
from console.fairness.findings import Finding
from console.fairness.own import Witnessed, audit_own
from console.fairness.recount import Recount, recount
from console.protocol.addresses import is_loopback
from console.protocol.transcript import EpochList, Transcript

TIMEOUT_S = 60.0
EPOCHS_READ = 50
"""The newest, where no epoch is named."""


def own_recount(home: Path, epoch: int | None, published_at: str = "") -> Recount:
    """Read, recomputed and compared; ends the command when the network or the agent cannot be asked.

    `published_at`: HTTP address of the coordinator or a gateway; empty: where the node dials.
    """
    network = decoded(question(home, "status"), NodeState).network
    if not network.coordinator or not network.coordinator_key:
        click.echo("This node has not signed in to a network yet: there is nothing to recompute.", err=True)
        sys.exit(FAILED)
    base = published_at.rstrip("/") or base_of(network.coordinator)
    if not base:
        click.echo(
            "This node reaches its network over NATS, which publishes nothing. Name the coordinator's or a "
            "gateway's own address: --network http://host:8800",
            err=True,
        )
        sys.exit(FAILED)
    try:
        with httpx.Client(base_url=base, timeout=TIMEOUT_S, trust_env=not is_loopback(base)) as client:
            found = list(_transcripts(client, epoch))
    except (httpx.HTTPError, msgspec.MsgspecError) as error:
        words = str(error) or type(error).__name__
        click.echo(f"The transcripts of {base} cannot be read ({words}). Is the coordinator up?", err=True)
        sys.exit(FAILED)
    newest = network.epoch if epoch is None else 0
    return judged(found, [_seen(home, one) for one in found], network, newest)


def base_of(address: str) -> str:
    """Where a coordinator's HTTP stands, from the address that nodes dial; empty where that does not say."""
    parts = urlsplit(address)
    if parts.scheme not in ("ws", "wss"):
        return ""
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"


def _transcripts(client: httpx.Client, epoch: int | None) -> Iterator[Transcript]:
    listing = msgspec.json.decode(_body(client, "/net/v1/epochs"), type=EpochList)
    if epoch is not None and epoch not in listing.epochs:
        click.echo(f"The network publishes no epoch {epoch}.", err=True)
        sys.exit(FAILED)
    for number in listing.epochs[-EPOCHS_READ:] if epoch is None else (epoch,):
        yield msgspec.json.decode(_body(client, f"/net/v1/epochs/{number}/transcript"), type=Transcript)


def _body(client: httpx.Client, path: str) -> bytes:
    return client.get(path).raise_for_status().content


def _seen(home: Path, transcript: Transcript) -> Witnessed:
    slots = [roster.slot for roster in transcript.rosters] or [0]
    times = [transcript.commitment.at_ms, *(draw.at_ms for draw in transcript.draws)]
    asked: dict[str, str | int] = {
        "epoch": transcript.commitment.epoch,
        "first_slot": min(slots) - 1,
        "last_slot": max(slots) + 1,
        "since_ms": min(times),
        "until_ms": max(times) + 1,
    }
    return decoded(question(home, "witnessed", asked), Witnessed)


def judged(found: list[Transcript], seen: list[Witnessed], network: NetworkView, newest: int = 0) -> Recount:
    """One recount over all epochs; the node's own objections epoch by epoch, each with what it saw of it.

    `newest`: the epoch that has to be published as well, by what the node was told beforehand; 0: none.
    """
    whole = recount(found)
    findings = list(whole.findings)
    for transcript, witnessed in zip(found, seen, strict=True):
        findings += audit_own(transcript, witnessed)
    for transcript in found:
        if transcript.coordinator != network.coordinator_key:
            sentence = "This transcript is signed by another coordinator than the one that this node knows."
            findings.append(Finding("coordinator", transcript.commitment.epoch, -1, sentence))
    findings += _withheld(found, seen, newest)
    return msgspec.structs.replace(whole, findings=tuple(findings))


def _withheld(found: list[Transcript], seen: list[Witnessed], newest: int) -> Iterator[Finding]:
    """Epochs after the first that was read which this node was told of, and which are not published."""
    read = {transcript.commitment.epoch for transcript in found}
    told = {epoch for one in seen for epoch in one.commitments} | ({newest} if newest else set())
    first, last = min(read, default=newest), max(read | {newest})
    for epoch in sorted(told - read):
        if first <= epoch <= last:
            sentence = "This node was told this epoch's commitment, and its draws are not published."
            yield Finding("withheld_epoch", epoch, -1, sentence)
