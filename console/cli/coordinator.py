"""`quarterdeck coordinator`: run the network's side, make a client's key."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from pathlib import Path

import click

_SHARED = "File that all coordinators of the network have; nats-config makes it when it is not there."


@click.group()
def coordinator() -> None:
    """Run the network's side."""


@coordinator.command()
@click.option("--home", type=click.Path(path_type=Path), help="Folder of database, identity and logs.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8800, show_default=True, help="0: any free.")
@click.option("--model", default="", help="Catalogue name, or path of a GGUF file; default: the starter.")
@click.option("--policy", type=click.Path(path_type=Path), help="TOML file: policy, clients, limits.")
@click.option("--threads", type=click.IntRange(0), default=0, help="Of the reference engine; 0: all cores.")
@click.option("--context", type=click.IntRange(64), default=2048, show_default=True, help="Tokens per job.")
@click.option("--store", default="", metavar="URL", help="PostgreSQL database; default: SQLite in --home.")
@click.option("--transport", default="", metavar="URL", help="NATS servers over which nodes come too.")
@click.option("--nats-shared", type=click.Path(path_type=Path), help=_SHARED)
@click.option("--standby", is_flag=True, help="Wait until the database's coordinator is gone; take over.")
@click.option("--advertise", default="", metavar="URL", help="Where gateways find this coordinator.")
@click.option("--network-name", default="", help="The network's name for people.")
@click.option("--open", "open_", is_flag=True, help="Take any API key: for practice only.")
def run(
    home: Path | None,
    host: str,
    port: int,
    model: str,
    policy: Path | None,
    threads: int,
    context: int,
    store: str,
    transport: str,
    nats_shared: Path | None,
    standby: bool,
    advertise: str,
    network_name: str,
    open_: bool,
) -> None:
    """Run a coordinator here, until Ctrl-C."""
    words = ["--host", host, "--port", str(port), "--threads", str(threads), "--context", str(context)]
    given = {"--home": home, "--model": model, "--policy": policy, "--network-name": network_name}
    given |= {"--store": store, "--transport": transport, "--advertise": advertise}
    given["--nats-shared"] = nats_shared
    for name, value in given.items():
        if value:
            words += [name, str(value)]
    words += [flag for flag, wanted in (("--open", open_), ("--standby", standby)) if wanted]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.coordinator", *words])


@coordinator.command()
@click.argument("model", default="")
@click.option("--tokens", type=click.IntRange(1000), default=4000, show_default=True, help="Per condition.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: beside the data.")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the coordinator's data.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--library", default="", help="Folder with another build of llama_cpp, as one more condition.")
def calibrate(
    model: str, tokens: int, out: Path | None, home: Path | None, threads: int, library: str
) -> None:
    """Measure how far honest answers of MODEL differ between kinds of machine, and write the limits.

    MODEL: catalogue name, or path of a GGUF file; default: the starter. Until this has run, answers of
    other kinds of machine than the coordinator's are replayed but not recomputed.
    """
    words = [model] if model else []
    words += ["--tokens", str(tokens), "--threads", str(threads)]
    for name, value in {"--out": out, "--home": home, "--library": library}.items():
        if value:
            words += [name, str(value)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.coordinator.calibrate", *words])


@coordinator.command("nats-config")
@click.option(
    "--home", type=click.Path(path_type=Path), multiple=True, help="Of a coordinator; once for each."
)
@click.option("--shared", type=click.Path(path_type=Path), help=_SHARED)
@click.option("--listen", default="0.0.0.0:4222", show_default=True, help="Where the server is to listen.")
def nats_config(home: tuple[Path, ...], shared: Path | None, listen: str) -> None:
    """Print the configuration of a NATS server over which nodes of one or more coordinators may come.

    It holds public keys only; the secret ones come from the coordinator's identity, made here where there
    is none yet.
    """
    words = ["--listen", listen, *(word for one in home for word in ("--home", str(one)))]
    words += ["--shared", str(shared)] if shared else []
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.coordinator.transport", *words])


@coordinator.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help="0: any free.")
@click.option(
    "--store", multiple=True, required=True, metavar="URL", help="A group's database; once for each."
)
def gateway(host: str, port: int, store: tuple[str, ...]) -> None:
    """Run a gateway before several coordinators: it finds the owner of each group by its database.

    It keeps nothing, so any number may run. A request waits while its group is taken over.
    """
    words = ["--host", host, "--port", str(port), *(word for url in store for word in ("--store", url))]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.coordinator.relay", *words])


@coordinator.command()
@click.argument("client")
@click.option("--name", default="", help="Of the key, for a client that has several.")
def key(client: str, name: str) -> None:
    """Make an API key for CLIENT: the key itself, once, and the lines for the policy file."""
    for word in (client, name or client):
        if not word.replace("-", "").replace("_", "").isalnum() or not word.isascii():
            raise click.UsageError("The name of a client or key has letters, digits, - and _ only.")
    secret = f"qd-{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(secret.encode()).hexdigest()
    click.echo("The key, which is not kept anywhere:", err=True)
    click.echo(secret)
    click.echo("For the coordinator's policy file (amounts in nano-credits):", err=True)
    if name:
        click.echo(f'[clients.{client}.keys.{name}]\nkey_sha256 = "{digest}"\nspending = {{}}')
        click.echo("In the braces: per_day = …, total = …; nothing: no limit of its own.", err=True)
        return
    click.echo(f'[clients.{client}]\nkey_sha256 = "{digest}"\ndeposit = 0')
