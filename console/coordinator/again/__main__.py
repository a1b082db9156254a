"""`python -m console.coordinator.again`: the answer goes to stdout, everything else to stderr.

Exit code: 0 nothing disagrees, 1 something does or nothing could be checked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from console.coordinator.again.cases import Case, DataError, chosen, context_for, read_cases
from console.coordinator.again.judge import Bench, Keys, check
from console.coordinator.again.places import coordinator_folder, keys_of, model_of
from console.coordinator.again.told import Checked, document, lines
from console.coordinator.audits.calibrations import CalibrationError, load_calibrations
from console.coordinator.store import StoreError
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, wait_ready
from console.engine.port import EngineError
from console.models import ModelError, read_gguf
from console.models.quantisation import inexact
from console.settings.terminal import speak_ascii, speaks_utf8

_LOAD_S = 600.0
_AT_ONCE = 4
"""Scores that wait at the engine together, so that it can batch them."""


def main(arguments: list[str] | None = None) -> int:
    """Check, tell, and say by the exit code whether something is wrong."""
    if not speaks_utf8():
        speak_ascii(sys.stdout)
        speak_ascii(sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        checked = asyncio.run(_check(options))
    except (CalibrationError, DataError, EngineError, ModelError, OSError, StoreError) as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    told = document(checked)
    print(json.dumps(told, indent=2) if options.as_json else "\n".join(lines(checked)))
    return 1 if told["disagree"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quarterdeck audit verdict")
    parser.add_argument("names", nargs="*", metavar="ID")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--identity", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-engine", action="store_true")
    parser.add_argument("--json", dest="as_json", action="store_true")
    return parser


async def _check(options: argparse.Namespace) -> list[Checked]:
    folder = coordinator_folder(options.data)
    cases = chosen(read_cases(folder), tuple(options.names))
    keys = keys_of(folder, options.identity)
    audited = [case for case in cases if case.sealed]
    if options.no_engine or not audited:
        return [await check(case, keys, None) for case in cases]
    model = await asyncio.to_thread(model_of, audited[0].group, options.models, options.model)
    async with _bench(model, options.threads, folder, audited) as bench:
        return await _all(cases, keys, bench)


async def _all(cases: list[Case], keys: Keys, bench: Bench) -> list[Checked]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(case: Case) -> Checked:
        async with slots:
            return await check(case, keys, bench)

    return await asyncio.gather(*(one(case) for case in cases))


@asynccontextmanager
async def _bench(model: Path, threads: int, folder: Path, audited: list[Case]) -> AsyncIterator[Bench]:
    """An engine of this machine with room for all that was `audited`. Raises EngineError and ModelError."""
    info = await asyncio.to_thread(read_gguf, model)
    context = context_for(audited, info.context_length)
    print("Loading the model, to recompute on this machine.", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="quarterdeck-") as private:
        home = Path(private)
        launch = EngineLaunch(model, home / "engine.sock", context, threads, 0, home / "engine.log")
        process = await launch.start()
        engine = LlamaEngine(launch.socket)
        try:
            health = await wait_ready(engine, process, _LOAD_S)
            vocabulary = await engine.vocabulary()
            if health.profile is None:
                raise EngineError("not_ready", "The engine does not say what its numerics are.")
            table = list(vocabulary.pieces), frozenset(vocabulary.end_ids)
            exact = not inexact(info.tensor_types)
            yield Bench(engine, health.profile, *table, load_calibrations(folder), exact)
        finally:
            await engine.close()
            if process.returncode is None:
                await process.stop()


if __name__ == "__main__":
    sys.exit(main())
