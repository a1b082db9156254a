"""`quarterdeck audit`: what the network says, recomputed on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from console.cli.agent_home import FAILED, decoded, home_of, home_option, print_json, question
from console.cli.audit_draws import draws
from console.cli.audit_statement import statement
from console.control.state import JobView
from console.control.wire import Check
from console.protocol.ids import short
from console.settings import paths


@click.group()
def audit() -> None:
    """Check what the network says by recomputing it here."""


@audit.command()
@click.argument("names", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Every verdict there is.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder that `practice --keep` left, or a coordinator's home; without it this node is asked.",
)
@click.option("--model", type=click.Path(path_type=Path), help="The model's file, where it is not in place.")
@click.option(
    "--identity", type=click.Path(path_type=Path), help="A node's identity.key, to open what is sealed to it."
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of the own engine.")
@click.option("--no-engine", is_flag=True, help="Signatures and draws alone: no model is loaded.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def verdict(
    names: tuple[str, ...],
    every: bool,
    data: Path | None,
    model: Path | None,
    identity: Path | None,
    threads: int,
    no_engine: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Recompute verdicts, by the beginning of a verdict's or job's id.

    With --data: signatures, the draw of the audit, structure, replay, and a recompute on an engine of this
    machine's own, for every verdict of that coordinator. Without: this node judges its own answers again,
    from what it keeps sealed.
    """
    if every == bool(names):
        raise click.UsageError("Give the beginning of a verdict's or job's id, or --all.")
    if data is None:
        if every or identity or model or no_engine:
            raise click.UsageError("--all, --identity, --model and --no-engine need --data.")
        _own(home_of(home), names, as_json)
        return
    words = ["--data", str(data.expanduser().absolute()), "--models", str(paths.models_dir())]
    words += ["--threads", str(threads), *names]
    words += [*_option("--model", model), *_option("--identity", identity)]
    words += ["--no-engine"] * no_engine + ["--json"] * as_json
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.coordinator.again", *words])


audit.add_command(draws)


def _option(name: str, path: Path | None) -> list[str]:
    return [] if path is None else [name, str(path.expanduser().absolute())]


def _own(home: Path, names: tuple[str, ...], as_json: bool) -> None:
    """This node's own answers, judged again by its agent from its own sealed evidence."""
    known = decoded(question(home, "jobs", {"limit": 1000}), list[JobView])
    told = []
    for name in names:
        ours = [job for job in known if job.job.startswith(name)]
        if not ours:
            click.echo(f"This node knows no job that begins with {name}.", err=True)
            sys.exit(FAILED)
        told += [(job, _judged(home, job)) for job in ours]
    if as_json:
        print_json(_document(told))
    else:
        for job, checks in told:
            click.echo(f"job {short(job.job)} attempt {job.attempt}")
            for check in checks:
                click.echo(f"  {_GLYPHS[check.ok]} {check.name}: {check.sentence}")
    if any(_disagrees(checks) for _, checks in told):
        sys.exit(FAILED)


def _judged(home: Path, job: JobView) -> list[Check]:
    """Asked until the node has finished: it answers within seconds, finished or not."""
    while True:
        answer = question(home, "recompute", {"job": job.job, "attempt": job.attempt})
        if not answer.sentence:
            return decoded(answer, list[Check])


_GLYPHS = {True: "✓", False: "✗", None: "○"}


def _agreement(checks: list[Check]) -> bool | None:
    return next((check.ok for check in checks if check.name == "agreement"), None)


def _disagrees(checks: list[Check]) -> bool:
    return _agreement(checks) is False or any(c.ok is False for c in checks if c.name == "evidence")


def _document(told: list[tuple[JobView, list[Check]]]) -> dict[str, object]:
    """The keys of the other way to ask, so that a program need not care."""
    agree = sum(_agreement(checks) is True and not _disagrees(checks) for _, checks in told)
    disagree = sum(_disagrees(checks) for _, checks in told)
    findings = [
        {"job": job.job, "attempt": job.attempt, "name": check.name, "sentence": check.sentence}
        for job, checks in told
        for check in checks
        if check.ok is not True
    ]
    abstained = len(told) - agree - disagree
    counts = {"checked": len(told), "agree": agree, "disagree": disagree, "abstained": abstained}
    return {**counts, "findings": findings}


audit.add_command(statement)
