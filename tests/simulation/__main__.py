"""`python -m simulation --seeds A..B`: histories of those seeds, and how to replay what failed."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections import Counter

from simulation.history import play


def main() -> int:
    """0 when every invariant held. An interrupt ends it early, with what was seen until then."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", required=True, help="A..B, both included")
    parser.add_argument("--trace", action="store_true", help="print what happened, line by line")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("..")
    counts: Counter[str] = Counter()
    with contextlib.suppress(KeyboardInterrupt):
        for seed in range(int(first), int(last or first) + 1):
            counts += _played(seed, options.trace)
    print(f"{counts.pop('histories', 0)} histories, {counts.pop('failed', 0)} failed.")
    print(*(f"  {kind}: {count}" for kind, count in sorted(counts.items())), sep="\n")
    return 1 if counts["WRONG"] else 0


def _played(seed: int, trace: bool) -> Counter[str]:
    outcome = play(seed)
    if trace:
        print(*outcome.lines, sep="\n")
        print(f"seed {seed}: {outcome.digest}")
    if outcome.complaints:
        print(f"seed {seed}: {len(outcome.complaints)} invariants broken. Replay: {outcome.replay}")
        print(*(f"  {complaint}" for complaint in outcome.complaints), sep="\n", flush=True)
    wrong = Counter(WRONG=len(outcome.complaints), failed=bool(outcome.complaints), histories=1)
    return outcome.counts | wrong


if __name__ == "__main__":
    sys.exit(main())
