"""How each process of a run is told what to do: files and arguments."""

from __future__ import annotations

import json

import msgspec

from console.agent.identity import load_or_create
from console.practice.plan import CLIENT_DEPOSIT, POLICY, Cast, Plan
from console.practice.weights import Weights
from console.settings.paths import make_private

NETWORK = "practice network"


def write_policy(plan: Plan) -> None:
    """The coordinator's policy: practice's rules, the client's deposit, and the rivals' bonds.

    Rivals stand for nodes that have been here for a while: their bond is in place, so that a false answer
    costs something from the first day. Yours starts with nothing, as any newcomer's does.
    """
    rules: dict[str, int] = msgspec.to_builtins(POLICY)
    bonds = {
        load_or_create(make_private(member.home)).key.node_id: POLICY.bond_target
        for member in plan.cast
        if not member.yours
    }
    lines = [
        f"network = {_text(NETWORK)}",
        "",
        "[policy]",
        *(f"{key} = {value}" for key, value in rules.items()),
        "",
        "[practice]",
        "open = true",
        f"client_deposit = {CLIENT_DEPOSIT}",
        "",
        "[practice.bonds]",
        *(f"{_text(node)} = {amount}" for node, amount in bonds.items()),
    ]
    folder = make_private(plan.home / "coordinator")
    (folder / "policy.toml").write_text("\n".join(lines) + "\n", "utf-8")


def write_config(member: Cast, weights: Weights, url: str, slots: int) -> None:
    """The node's configuration file. All engines compute on the processor, so that audits are exact."""
    model = weights.honest if member.honest else weights.substitute
    lines = [
        "[node]",
        f"name = {_text(member.name)}",
        f"coordinator = {_text(url)}",
        "",
        "[engine]",
        f"model = {_text(weights.name if member.honest else str(model))}",
        "context = 2048",
        "threads = 1",
        "gpu_layers = 0",
        f"slots = {slots}",
    ]
    (make_private(member.home) / "config.toml").write_text("\n".join(lines) + "\n", "utf-8")


def agent_arguments(member: Cast, weights: Weights) -> list[str]:
    """Arguments of a node's process. The rogue claims the hash of weights that it does not serve."""
    home = str(member.home)
    arguments = ["-m", "console.agent", "--home", home, "--config", f"{home}/config.toml", "--practice"]
    return arguments if member.honest else [*arguments, "--claim", f"{weights.sha256}:{weights.name}"]


def coordinator_arguments(plan: Plan, weights: Weights, port: int) -> list[str]:
    """Arguments of the coordinator's process."""
    folder = plan.home / "coordinator"
    return [
        "-m", "console.coordinator", "--home", str(folder), "--port", str(port),
        "--model", weights.name, "--policy", str(folder / "policy.toml"), "--threads", "1",
        *(["--store", plan.store] if plan.store else []),
        *(["--transport", plan.transport] if plan.transport else []),
    ]  # fmt: skip


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(value)
