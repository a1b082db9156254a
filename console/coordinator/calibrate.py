"""`python -m console.coordinator.calibrate`: the tolerant mode's thresholds, from honest runs here.

Honest answers are generated under every numerics that one machine can vary, and in another build of
llama.cpp when one is given; each answer is recomputed under the exact profile. What differs is the noise
that the tolerant mode has to live with.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import sys
import tempfile
from pathlib import Path

from console.coordinator.audits.calibrations import CalibrationError, Kept, kept_at, write_calibration
from console.coordinator.start import StartError, find_model
from console.engine.answering import Answered
from console.engine.honest_runs import HonestRun
from console.engine.numerics import CONDITIONS, EXACT_ELSEWHERE, Numerics
from console.engine.port import EngineError
from console.models import STARTER
from console.settings.paths import data_dir, make_private
from console.verification.calibrating import Condition, TooFewError, calibrate, condition_of
from console.verification.calibration import PPM, UNLIKE
from console.verification.commitment import commitment
from console.verification.judge import Claim
from console.verification.profiles import Profile
from console.verification.tolerant import compared

_TROUBLE = (CalibrationError, EngineError, StartError, TooFewError, OSError)


async def measure(
    model: Path, tokens: int, threads: int, library: str, folder: Path, scored_in: str = ""
) -> tuple[list[Condition], Profile]:
    """Figures of each condition, and the verifier's profile; `folder`: for what passes between processes.

    `library`: another build of llama.cpp for one condition more, or empty; `scored_in`: likewise for the
    verifier, whose place this machine's own build has otherwise.

    Raises:
        EngineError: a run failed.
        TooFewError: a run gave too few tokens.
    """
    verifier, found, profile = HonestRun(model, threads, scored_in), [], None
    plan = [(numerics, HonestRun(model, threads)) for numerics in CONDITIONS]
    if library or scored_in:
        plan.append((EXACT_ELSEWHERE, HonestRun(model, threads, library)))
    for numerics, node in plan:
        _say(f"{numerics.name}: {tokens:,} honest tokens")
        answers = await node.answer(numerics, tokens, folder / "answers")
        scored = await verifier.score(folder / "answers", folder / "scored")
        found.append(_condition(numerics, answers, scored.blobs))
        profile = scored.profile
    assert profile is not None
    return found, profile


def _condition(numerics: Numerics, answers: tuple[Answered, ...], blobs: tuple[bytes, ...]) -> Condition:
    pairs = zip(answers, blobs, strict=True)
    return condition_of(numerics.name, [compared(claim_of(one), blob)[0] for one, blob in pairs])


def claim_of(one: Answered) -> Claim:
    """An answer of a run as a node would claim it."""
    asked = one.asked
    return Claim(
        token_ids=one.token_ids,
        finish_reason="length" if len(one.token_ids) >= asked.max_tokens else "stop",
        commitment=commitment(one.blob),
        blob=one.blob,
        seed=asked.seed,
        temperature_milli=asked.temperature_milli,
        max_tokens=asked.max_tokens,
    )


async def _calibrate(given: argparse.Namespace, home: Path) -> tuple[Path, Kept]:
    path, served = await asyncio.to_thread(find_model, given.model, home)
    with tempfile.TemporaryDirectory(prefix="quarterdeck-calibrate-") as folder:
        measured = await measure(path, given.tokens, given.threads, given.library, Path(folder))
    conditions, profile = measured
    if not profile.self_test:
        raise CalibrationError(
            "This machine fails the engine's self-test, so its own recompute depends on how work is batched "
            "and can be no reference. Calibrate on the machine that runs the coordinator, once it passes."
        )
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    made = calibrate(conditions, served.group, UNLIKE, profile.class_id, today)
    kept = Kept(made, made.digest, tuple(conditions), profile.system)
    out = given.out.expanduser().absolute() if given.out else kept_at(home, made)
    write_calibration(out, kept)
    return out, kept


def table(kept: Kept) -> str:
    """The evidence and the limits, for people."""
    head = ("condition", "answers", "tokens", "others", "mean margin", "largest", "distance", "worst of 16")
    lines = [head] + [
        (
            one.name,
            f"{one.jobs:,}",
            f"{one.tokens:,}",
            f"{100 * one.mismatch_ppm / PPM:.2f} %",
            *(
                f"{ppm / PPM:.4f}"
                for ppm in (
                    one.mean_margin_ppm,
                    one.max_margin_ppm,
                    one.mean_distance_ppm,
                    one.max_distance_ppm,
                )
            ),
        )
        for one in kept.conditions
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    made = kept.calibration
    limits = (
        f"Limits at 128 tokens: largest margin {made.max_margin_ppm / PPM:.3f}, "
        f"mean margin {made.mean_margin_limit_ppm(128) / PPM:.4f}, "
        f"other tokens {100 * made.mismatch_limit_ppm(128) / PPM:.1f} %, "
        f"distance {made.distance_limit_ppm / PPM:.3f}."
    )
    form = "  ".join(f"{{:<{width}}}" for width in widths)
    return "\n".join([*(form.format(*line).rstrip() for line in lines), limits])


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 written, 1 failed; 2, from argparse, wrong usage."""
    given = _parser().parse_args(arguments)
    home = (given.home or data_dir() / "coordinator").expanduser().absolute()
    try:
        make_private(home)
        out, kept = asyncio.run(_calibrate(given, home))
    except _TROUBLE as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(table(kept))
    print(f"Written to {out}. A coordinator reads it when it starts.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quarterdeck coordinator calibrate", description=__doc__)
    parser.add_argument("model", nargs="?", default=STARTER.name, help="catalogue name, or path of a GGUF")
    parser.add_argument("--home", type=Path, help="folder of the coordinator's data")
    parser.add_argument("--tokens", type=int, default=4000, help="honest tokens per condition")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--library", default="", help="folder with another build of llama_cpp")
    parser.add_argument("--out", type=Path, help="file to write instead of the one in the home")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
