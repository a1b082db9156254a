"""The daemon's command line, its signals, and how it tells whoever started it that it is up."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from console.agent.daemon import Agent, ModelClaim, Parts
from console.agent.origin import Origin
from console.agent.trouble import FAILED, AgentError
from console.control.state import Note
from console.models.inventory import settled
from console.protocol.ids import GroupId
from console.settings.config import Config, ConfigError, load
from console.settings.paths import config_file, data_dir

PROGRAM = (sys.executable, "-m", "console.agent")


def foreground(arguments: list[str], parts: Parts | None = None, program: Sequence[str] = PROGRAM) -> int:
    """Run the agent until it is stopped; its exit code.

    When it is asked to restart, this process becomes `program` with the same arguments once the old agent
    has wound up: whoever waits for this process, or sends it signals, need not know.
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        config = _config(options)
        if asyncio.run(_run(options, config, parts)):
            _become([*program, *_for_another_start(arguments)])
    except (ConfigError, AgentError) as error:
        code = error.exit_code if isinstance(error, AgentError) else FAILED
        _say(str(error))
        _report(options.report_fd, f"{code} {error}")
        return code
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quarterdeck agent run", description="Run this node's agent.")
    parser.add_argument("--home", type=Path, default=None, help="the node's folder")
    parser.add_argument("--config", type=Path, default=None, help="the configuration file")
    parser.add_argument("--coordinator", default="", help="address of the network, ws:// or nats://")
    parser.add_argument("--name", default="", help="the node's name")
    parser.add_argument("--model", default="", help="catalogue name, or path of a GGUF file")
    parser.add_argument("--trust-new-coordinator", action="store_true", help="accept a changed key, once")
    parser.add_argument("--practice", action="store_true", help=argparse.SUPPRESS)
    # How practice's rogue lies about its model: the group that it offers, whatever it really serves.
    parser.add_argument("--claim", default="", metavar="GROUP[:NAME]", help=argparse.SUPPRESS)
    parser.add_argument("--report-fd", type=int, default=-1, help=argparse.SUPPRESS)
    parser.add_argument("--log", default="", help=argparse.SUPPRESS)
    return parser


def _become(command: list[str]) -> None:
    """Raises AgentError when the program is gone, e.g. by an upgrade."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(command[0], command)
    except OSError as error:
        raise AgentError(
            f"The agent stopped but could not start again ({error.strerror}). Start it as you did before."
        ) from error


def _for_another_start(arguments: list[str]) -> list[str]:
    """Without what was meant for one start: who is told that it is up, and trust in a changed key."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--report-fd":
            next(words, None)
        elif word != "--trust-new-coordinator":
            kept.append(word)
    return kept


def _config_path(options: argparse.Namespace) -> Path:
    usual = options.home is None or options.home.absolute() == data_dir()
    path: Path = options.config or (config_file() if usual else options.home / "config.toml")
    return path.absolute()


def _config(options: argparse.Namespace) -> Config:
    """The file with the command line's words in it. A relative path of a model belongs to whoever wrote it:
    the file's folder, or the folder where the command was given."""
    path = _config_path(options)
    if options.config is not None and not path.exists():
        raise ConfigError(f"There is no configuration {path}. Check the path given with --config.")
    config = load(path)
    node = msgspec.structs.replace(
        config.node,
        coordinator=options.coordinator or config.node.coordinator,
        name=options.name or config.node.name,
    )
    model = settled(options.model, Path.cwd()) if options.model else settled(config.engine.model, path.parent)
    engine = msgspec.structs.replace(config.engine, model=model)
    return msgspec.structs.replace(config, node=node, engine=engine)


async def _run(options: argparse.Namespace, config: Config, parts: Parts | None) -> bool:
    """Whether it is to be started again."""
    claim = None
    if options.claim:
        group, _, name = options.claim.partition(":")
        claim = ModelClaim(GroupId(group), name)
    agent = Agent(
        options.home or data_dir(),
        config,
        claim=claim,
        trust_new_coordinator=options.trust_new_coordinator,
        practice=options.practice,
        parts=parts,
        origin=Origin(_config_path(options), lambda: _config(options), bool(options.model), options.practice),
    )
    agent.on_note = _print_note
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    await agent.run(on_ready=lambda: _report(options.report_fd, "0 The agent runs."))
    return agent.again


def _print_note(note: Note) -> None:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(note.at_ms / 1000))
    _say(f"{when} {note.level:<7} {note.room}: {note.text}")


def _say(text: str) -> None:
    # The terminal may be gone; the node lives on without it.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def _report(descriptor: int, line: str) -> None:
    if descriptor >= 0:
        with contextlib.suppress(OSError):
            os.write(descriptor, line.encode()[:4000] + b"\n")
            os.close(descriptor)
