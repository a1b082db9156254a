"""`quarterdeck record` and `quarterdeck replay`: what the console was told, kept and shown again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

import click
import msgspec

from console.cli.agent_home import FAILED, NO_AGENT, control_socket, home_of, home_option
from console.control import recording
from console.control.link import Link, Lost
from console.control.recording import Asked, Recorder, Recording, RecordingError
from console.control.replay import Replay
from console.control.statements import STATEMENTS_SHOWN, StatementsView
from console.control.wire import CommandName, JobDetail

EVIDENCE_OF = 200
"""Jobs whose evidence is asked for when the recording ends, so that a replay can drill down."""


@click.command()
@home_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--minutes", type=click.FloatRange(min=0.01), help="End by itself after so long.")
def record(home: Path | None, file: Path, minutes: float | None) -> None:
    """Record what this node tells its consoles into FILE (.gz: compressed), until Ctrl+C.

    For bug reports and pictures. It holds what the console shows: states, counts, money, hashes; neither
    prompts nor answers.
    """
    link = Link(control_socket(home_of(home)), client="record")
    try:
        with recording.create(file) as out:
            told = asyncio.run(_record(link, Recorder(out), minutes))
    except FileExistsError:
        click.echo(f"{file} is there already; it is not written over. Choose another name.", err=True)
        sys.exit(FAILED)
    except OSError as error:
        click.echo(f"{file} cannot be written ({error.strerror}). What was written so far is kept.", err=True)
        sys.exit(FAILED)
    if not told:
        file.unlink(missing_ok=True)
        click.echo("No agent is running here. Start it with `quarterdeck agent start`.", err=True)
        sys.exit(NO_AGENT)
    click.echo(f"{told:,} messages in {file}. Look at them with:  quarterdeck replay {file}", err=True)


async def _record(link: Link, recorder: Recorder, minutes: float | None) -> int:
    """Write until told to end; how many messages were written. 0: nobody was there."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    if minutes is not None:
        loop.call_later(minutes * 60, ended.set)
    writer = _Writer(link, recorder)
    following = asyncio.create_task(writer.follow())
    ending = asyncio.create_task(ended.wait())
    await asyncio.wait((following, ending), return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if following.done():
        following.result()
        return writer.told
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    await writer.ask_for_evidence()
    return writer.told


class _Writer:
    """Follows the agent and writes what it says."""

    def __init__(self, link: Link, recorder: Recorder) -> None:
        self._link = link
        self._recorder = recorder
        self.told = 0

    async def follow(self) -> None:
        """Until cancelled, or at once when there is no agent to begin with."""
        async for news in self._link.attach():
            if isinstance(news, Lost) and not self.told:
                return
            self._recorder.write(round(time.time() * 1000), news)
            if not self.told:
                click.echo("Recording; Ctrl+C ends it.", err=True)
            self.told += 1

    async def ask_for_evidence(self) -> None:
        """What stands behind the last jobs and behind the epochs' statements."""
        from console.control.state import JobView

        answer = await self._ask("jobs", {"limit": EVIDENCE_OF})
        for job in () if answer is None else msgspec.json.decode(answer, type=list[JobView]):
            await self._ask("job", {"job": job.job, "attempt": job.attempt})
        answer = await self._ask("statements", {})
        told = StatementsView() if answer is None else msgspec.json.decode(answer, type=StatementsView)
        for one in told.statements[:STATEMENTS_SHOWN]:
            await self._ask("statement", {"epoch": one.epoch})

    async def _ask(self, name: CommandName, args: dict[str, str | int]) -> bytes | None:
        answer = await self._link.command(name, args)
        if not answer.ok:
            return None
        if name == "job":
            msgspec.json.decode(answer.result, type=JobDetail)
        self._recorder.write(round(time.time() * 1000), Asked(name, args, answer))
        return bytes(answer.result)


@click.command()
@click.argument("file", metavar="FILE|demo")
@click.option("--speed", type=click.FloatRange(min=0.1, max=1000), default=1.0, show_default=True,
              help="So many times as fast.")  # fmt: skip
@click.option("--loop", is_flag=True, help="From the beginning again when it is over.")
@click.pass_context
def replay(ctx: click.Context, file: str, speed: float, loop: bool) -> None:
    """Show a recording on the console. `demo`: the one that ships, a practice run; no model, no network."""
    path = recording.demo() if file == "demo" else Path(file)
    try:
        recorded = Recording(path)
    except RecordingError as error:
        click.echo(str(error), err=True)
        sys.exit(FAILED)
    if recorded.begins_ms is None:
        click.echo(f"The recording {path} is empty.", err=True)
        sys.exit(FAILED)
    day = time.strftime("%Y-%m-%d", time.localtime(recorded.begins_ms / 1000))
    caption = f"REPLAY {day}" + (f" ×{speed:g}" if speed != 1 else "")
    source = Replay(recorded, speed=speed, loop=loop, tell_end=True)
    plain = bool(ctx.find_root().params.get("plain"))
    ctx.exit(ctx.obj(source, plain=plain, farewell="", caption=caption))
