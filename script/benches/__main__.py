"""`script/bench NAME [--json]`: run one bench and print its rows. Progress goes to stderr.

Exit codes: 0 measured, whether the goals hold or not; 1 it could not be measured; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from benches.paths import SCRIPT, TESTS
from benches.rows import report, say, table, this_machine

BENCHES = {
    "console": "the console in a real terminal: first paint, bytes, processor, memory, loop lag",
    "verification": "real cheats against the real model: detection, false positives, cost",
    "engine": "the engine with the starter model: serving beside others, sampling, contexts, exactness, soak",
    "network": "the coordinator: ten thousand live nodes; a job's life in either database; settled jobs/s",
    "fairness": "who gets how much: live draws, idle draws and pull queues over unequal nodes, simulated",
}

_OWNERS = {
    "jobs": ("verification", "fairness"),
    "tokens": ("verification",),
    "build": ("verification",),
    "keep": ("verification", "fairness"),
    "minutes": ("engine",),
}
"""By option, the benches that take it."""
_SECOND = "verification: compile a llama.cpp without AVX-512 first, as another class of processor"


def main(arguments: list[str] | None = None) -> int:
    """Run; the exit code."""
    given = _parser().parse_args(arguments)
    if given.name not in BENCHES:
        say(f"there is no bench {given.name!r}. There is: {', '.join(BENCHES)}.")
        return 2
    sizes = {name: value for name in _OWNERS if (value := getattr(given, name)) is not None}
    if strange := [name for name in sizes if given.name not in _OWNERS[name]]:
        say(_not_its(strange[0], given.name))
        return 2
    sys.path[:0] = [str(SCRIPT), str(TESTS)]
    machine = this_machine()
    try:
        bench = importlib.import_module(f"benches.{given.name}")
        parts = (frozenset(given.only.split(",")),) if given.only else ()
        if unknown := sorted(frozenset().union(*parts) - set(bench.PARTS)):
            say(
                f"the bench `{given.name}` has no part {', '.join(unknown)}; it has {', '.join(bench.PARTS)}."
            )
            return 2
        say(
            f"{given.name} on {machine['cpu']}, {machine['logical_cores']} cores, load {machine['load_1min']}"
        )
        rows = bench.measure(*parts, **sizes)
    except (OSError, RuntimeError, ValueError) as error:
        say(f"this could not be measured: {error}")
        return 1
    print(json.dumps(report(rows, machine), indent=1) if given.json else table(rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measure this machine against the budgets."
    )
    parser.add_argument("name", help="; ".join(f"{name}: {what}" for name, what in BENCHES.items()))
    parser.add_argument("--only", default="", metavar="PART,…", help="parts of a bench, by name")
    parser.add_argument("--minutes", type=float, help="engine: how long the soak lasts")
    parser.add_argument("--jobs", type=int, help="verification: answers per cheat; fairness: per load")
    parser.add_argument("--tokens", type=int, help="verification: most tokens per answer")
    parser.add_argument("--second-build", dest="build", action="store_const", const=True, help=_SECOND)
    parser.add_argument(
        "--keep", type=Path, help="verification, fairness: folder for what is made on the way"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser


def _not_its(option: str, name: str) -> str:
    owners = _OWNERS[option]
    whose = ", ".join(f"`{owner}`" for owner in owners)
    spelt = "second-build" if option == "build" else option
    return f"--{spelt} belongs to the bench{'es' if len(owners) > 1 else ''} {whose}, not to `{name}`."


if __name__ == "__main__":
    sys.exit(main())
