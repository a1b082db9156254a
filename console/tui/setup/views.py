"""What setup shows: the machine, the ways to begin, and the form for joining a network. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.machine import FindingView
from console.control.setup import Choices, MachineFound, ModelChoice, Reached
from console.tui.figures import gigabytes
from console.tui.rows import Role, Row, row, rule, text_fit, wrap
from console.tui.widgets.menu import Item

WAYS = (
    Item("practice", "Try it here", "the whole network on this machine; no account, nothing is earned"),
    Item("join", "Join a network", "your node works for a coordinator that you name"),
    Item("leave", "Leave", "nothing has been written"),
)


def machine_rows(found: MachineFound | None, width: int, height: int) -> list[Row]:
    """What was found, and what deserves a look; while it is being looked for, that."""
    rows = [rule("This machine", width)]
    if found is None:
        return [*rows, row((" ◌ ", "bar"), ("looking at processor, memory, GPUs and llama.cpp…", "text"))]
    memory, free = gigabytes(found.memory_bytes), gigabytes(found.free_disk_bytes)
    named = [
        ("Processor", f"{found.processor}, {found.cores} cores"),
        ("Memory", f"{memory} GB, disk {free} GB free"),
        ("GPU", ", ".join(found.gpus) or "none: the model runs on the processor"),
    ]
    rows += [row((text_fit(f" {name}", 12), "dim"), (words, "text")) for name, words in named]
    mark: tuple[str, Role] = ("✓ ", "good") if found.runtime_ready else ("✗ ", "bad")
    rows.append(row((text_fit(" llama.cpp", 12), "dim"), mark, (found.runtime, "text")))
    for finding in found.findings:
        rows += _finding(finding, width)
    return rows[:height]


def _finding(finding: FindingView, width: int) -> list[Row]:
    ink: Role = "bad" if finding.level == "fail" else "warn"
    glyph = " ✗ " if finding.level == "fail" else " ! "
    lines = wrap(f"{finding.seen}. {finding.meaning} {finding.remedy}", width - 5, 3)
    return [row((glyph if at == 0 else "   ", ink), line) for at, line in enumerate(lines)]


def form_items(
    choices: Choices, reached: Reached | None, reaching: bool, models: Sequence[ModelChoice]
) -> list[Item]:
    """The form, one field a row, and the start below; it is ready when the network has answered."""
    model = next((m for m in models if m.name == choices.model), models[0] if models else None)
    good = reached is not None and reached.ok
    address = choices.coordinator or "—  the address that the network's operator gave you"
    start = "writes the configuration and starts the node" if good else "once a network has answered"
    served = f"{model.title}, {model.sentence}" if model else "no model is known"
    here: tuple[str, Role] = ("✓", "good") if model is not None and model.here else (" ", "text")
    return [
        Item("coordinator", "Network", address, mark=_mark(reached, reaching)),
        Item("name", "Name of this node", choices.name or "—  derived from its key"),
        Item("model", "Model", served, mark=here),
        Item("watts", "Watts at work", _number(choices.watts, "for the cost of electricity")),
        Item("price", "Price of a kWh", _number(choices.price_per_kwh, "for the net")),
        Item("start", "Start the node", start, ready=good),
        Item("back", "Back", ""),
    ]


def _mark(reached: Reached | None, reaching: bool) -> tuple[str, Role]:
    if reaching:
        return "◌", "bar"
    if reached is None:
        return " ", "text"
    return ("✓", "good") if reached.ok else ("✗", "bad")


def _number(value: float, purpose: str) -> str:
    return f"{value:g}" if value else f"—  {purpose}"


def word_rows(reached: Reached | None, reaching: bool, config_path: str, width: int) -> list[Row]:
    """What the network said, and where things will be written."""
    rows: list[Row] = [row()]
    if reaching:
        rows.append(row((" ◌ ", "bar"), ("asking the network…", "text")))
    elif reached is not None:
        ink: Role = "good" if reached.ok else "bad"
        glyph = " ✓ " if reached.ok else " ✗ "
        lines = wrap(reached.sentence, width - 5, 3)
        rows += [row((glyph if at == 0 else "   ", ink), line) for at, line in enumerate(lines)]
    rows.append(row((f" The configuration is {config_path}", "dim")))
    return rows
