"""`python -m simulation --seeds A..B`: histories of those seeds, and how to replay what failed.

`--nightly [N]` plays N histories of fresh seeds on every core, and ends with a line to paste.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections import Counter

from simulation.history import play
from simulation.night import HISTORIES, fresh_seed, spend


def main() -> int:
    """0 when every invariant held. An interrupt ends it early, with what was seen until then."""
    options = _options()
    if options.nightly:
        first = fresh_seed() if options.first is None else options.first
        return _night(options.nightly, first, options.jobs or os.cpu_count() or 1)
    return _seeds(options.seeds, options.trace)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seeds", help="A..B, both included")
    which.add_argument(
        "--nightly", nargs="?", const=HISTORIES, type=_positive, metavar="N",
        help=f"so many histories, {HISTORIES:,} unless told",
    )  # fmt: skip
    parser.add_argument("--trace", action="store_true", help="print what happened, line by line")
    parser.add_argument("--from", dest="first", type=int, metavar="SEED", help="first seed of a night")
    parser.add_argument("--jobs", type=_positive, metavar="J", help="processes of a night; one per core")
    options = parser.parse_args()
    if options.nightly and options.trace:
        parser.error("--trace is of --seeds: a night's failures are printed with how to trace them")
    if options.seeds and (options.first is not None or options.jobs):
        parser.error("--from and --jobs are of --nightly")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _night(histories: int, first: int, processes: int) -> int:
    night = spend(histories, first, processes)
    if night.missing:
        print(f"These histories test nothing: none of them has {', '.join(night.missing)}.")
    _tell(night.counts)
    print(night.line)
    return 1 if night.failed or night.missing else 0


def _seeds(seeds: str, trace: bool) -> int:
    first, _, last = seeds.partition("..")
    counts: Counter[str] = Counter()
    with contextlib.suppress(KeyboardInterrupt):
        for seed in range(int(first), int(last or first) + 1):
            counts += _played(seed, trace)
    print(f"{counts.pop('histories', 0)} histories, {counts.pop('failed', 0)} failed.")
    _tell(counts)
    return 1 if counts["WRONG"] else 0


def _tell(counts: Counter[str]) -> None:
    print(*(f"  {kind}: {count}" for kind, count in sorted(counts.items())), sep="\n")


def _played(seed: int, trace: bool) -> Counter[str]:
    outcome = play(seed)
    if trace:
        print(*outcome.lines, sep="\n")
        print(f"seed {seed}: {outcome.digest}")
    if outcome.complaints:
        print(outcome.failure)
        print(*(f"  {complaint}" for complaint in outcome.complaints), sep="\n", flush=True)
    wrong = Counter(WRONG=len(outcome.complaints), failed=bool(outcome.complaints), histories=1)
    return outcome.counts | wrong


if __name__ == "__main__":
    sys.exit(main())
