"""The daemon's command line, its signals, and how it tells whoever started it that it is up."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import msgspec

from console.agent.daemon import Agent, ModelClaim
from console.agent.trouble import FAILED, AgentError
from console.control.state import Note
from console.protocol.ids import GroupId
from console.settings.config import Config, ConfigError, load
from console.settings.paths import config_file, data_dir


def foreground(arguments: list[str]) -> int:
    """Run the agent until it is stopped; its exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        config = _config(options)
        asyncio.run(_run(options, config))
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
    parser.add_argument("--coordinator", default="", help="WebSocket address of the network")
    parser.add_argument("--name", default="", help="the node's name")
    parser.add_argument("--model", default="", help="catalogue name, or path of a GGUF file")
    parser.add_argument("--trust-new-coordinator", action="store_true", help="accept a changed key, once")
    parser.add_argument("--practice", action="store_true", help=argparse.SUPPRESS)
    # How practice's rogue lies about its model: the group that it offers, whatever it really serves.
    parser.add_argument("--claim", default="", metavar="GROUP[:NAME]", help=argparse.SUPPRESS)
    parser.add_argument("--report-fd", type=int, default=-1, help=argparse.SUPPRESS)
    parser.add_argument("--log", default="", help=argparse.SUPPRESS)
    return parser


def _config(options: argparse.Namespace) -> Config:
    usual = options.home is None or options.home.absolute() == data_dir()
    path = options.config or (config_file() if usual else options.home / "config.toml")
    if options.config is not None and not path.exists():
        raise ConfigError(f"There is no configuration {path}. Check the path given with --config.")
    config = load(path)
    node = msgspec.structs.replace(
        config.node,
        coordinator=options.coordinator or config.node.coordinator,
        name=options.name or config.node.name,
    )
    engine = msgspec.structs.replace(config.engine, model=options.model or config.engine.model)
    return msgspec.structs.replace(config, node=node, engine=engine)


async def _run(options: argparse.Namespace, config: Config) -> None:
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
    )
    agent.on_note = _print_note
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    await agent.run(on_ready=lambda: _report(options.report_fd, "0 The agent runs."))


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
