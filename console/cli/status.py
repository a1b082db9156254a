"""`quarterdeck status`: what the node does, and the one reason why."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.cli.agent_home import REFUSED, decoded, home_of, home_option, print_json, question
from console.cli.wording import ago, size, span
from console.control.engine import plan_words, step_words
from console.control.state import LIVE_JOB_STATES, NodeState
from console.control.written_out import written_out
from console.ledger.figures import credits
from console.protocol.reasons import label

GOOD = ("earning", "no_demand", "lost_draws")
CALM = ("paused", "draining", "model_loading", "queue_full")


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(home: Path | None, as_json: bool) -> None:
    """What the node does, and the one reason why. Exit code 4: the network refused the node."""
    answer = question(home_of(home), "status")
    state = decoded(answer, NodeState)
    if as_json:
        print_json({"state": written_out(state)})
    else:
        screen = Console(highlight=False, soft_wrap=False)
        screen.print(_headline(state))
        screen.print(_reason(state))
        screen.print(_table(state))
    if state.network.state == "refused":
        sys.exit(REFUSED)


def _headline(state: NodeState) -> Text:
    node, network = state.node, state.network
    where = network.name or network.coordinator or "no network"
    practice = "  practice" if node.practice else ""
    return Text.assemble((node.name, "bold"), f"  {node.id[:12]}…  on {where}{practice}")


def _reason(state: NodeState) -> Text:
    reason = state.reason
    glyph, style = _mood(reason.code)
    word = "Next try" if reason.code in ("engine_down", "coordinator_down") else "Ends"
    until = f" {word} in {span((reason.until_ms - state.now_ms) / 1000)}." if _ahead(state) else ""
    remedy = f" {reason.remedy}" if reason.remedy else ""
    return Text.assemble((f"{glyph} {label(reason.code)}", style), f"  {reason.sentence}{until}{remedy}")


def _ahead(state: NodeState) -> bool:
    return state.reason.until_ms > state.now_ms


def _mood(code: str) -> tuple[str, str]:
    if code in GOOD:
        return "●", "bold green"
    return ("◐", "bold yellow") if code in CALM else ("✗", "bold red")


def _table(state: NodeState) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in (
        ("Health", _health(state)),
        ("Today", _today(state)),
        ("Credits", _credits(state)),
        ("Engine", _engine(state)),
        *((("Plan", _plan(state)),) if state.plan.made_ms else ()),
        ("Network", _network(state)),
        ("Machine", _machine(state)),
    ):
        table.add_row(name, Text(value))
    return table


def _health(state: NodeState) -> str:
    money, now_ms = state.money, state.now_ms
    accepted, paid = ago(money.last_accepted_ms, now_ms), ago(money.last_paid_ms, now_ms)
    return f"last accepted {accepted}, last paid {paid}"


def _today(state: NodeState) -> str:
    money = state.money
    live = sum(job.state in LIVE_JOB_STATES for job in state.jobs)
    net = money.today_earned - money.today_penalised
    counts = f"✓ {money.today_accepted}  ✗ {money.today_rejected}  failed {money.today_failed}"
    return f"{credits(net, sign=True)} from {money.today_jobs} jobs  {counts}  now {live} live"


def _credits(state: NodeState) -> str:
    money, balances = state.money, state.money.balances
    bond = f"bond {credits(balances.bond)} of {credits(money.bond_target)}"
    return f"pending {credits(balances.pending)}  available {credits(balances.available)}  {bond}"


def _engine(state: NodeState) -> str:
    engine = state.engine
    if engine.state != "ready":
        return f"{engine.state}: {engine.sentence}"
    speed = f"{engine.tokens_per_s_milli / 1000:.1f} tok/s, first token {engine.first_token_ms} ms"
    again = f", {engine.restarts} restarts" if engine.restarts else ""
    slots = f"{engine.slots_busy}/{engine.slots} slots"
    return f"{engine.model}  {speed}, {slots}, {size(engine.rss_bytes)}{again}"


def _plan(state: NodeState) -> str:
    stepped = step_words(state.plan)
    return plan_words(state.plan) + (f"; ! {stepped}" if stepped else "")


def _network(state: NodeState) -> str:
    network = state.network
    if network.state != "connected":
        return f"{network.state}: {network.sentence or network.coordinator or 'none chosen'}"
    listed = f"listed, 1 of {network.roster_size}" if network.listed else "not listed"
    latency = "-" if network.latency_ms is None else f"{network.latency_ms} ms"
    wins = f"drawn {network.won} times of {network.draws} draws, expected {network.expected_milli / 1000:.1f}"
    return f"connected, {latency}, {listed}; {wins}"


def _machine(state: NodeState) -> str:
    machine = state.machine
    cpu = "-" if machine.cpu_percent is None else f"{machine.cpu_percent} %"
    memory = f"{size(machine.ram_used_bytes)} of {size(machine.ram_total_bytes)}"
    return f"CPU {cpu}  memory {memory}  disk {size(machine.disk_free_bytes)} free"
