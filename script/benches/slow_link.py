"""A terminal at the far end of a poor line: ssh to this machine through a proxy that is slow and late.

`python -m benches.slow_link LISTEN_PORT TO_PORT BYTES_PER_S DELAY_S` is the proxy: each way it lets so many
bytes through a second, and each byte arrives so much later.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benches.paths import forget_last_seen
from benches.rows import Row, percentile, say
from benches.terminal import Terminal

BYTES_PER_S = 8_000
"""64 kbit/s."""
ONE_WAY_S = 0.15
"""300 ms there and back."""
PIECE_BYTES = 400
KEYS = "2345678w1"
SETTLE_S, IDLE_S, BUSY_S = 6.0, 20.0, 20.0
QUIET_S = 0.6
COLUMNS, LINES = 80, 24
TOLD = ("QUARTERDECK_HOME", "PYTHONPATH", "LC_ALL", "COLORTERM")


async def shape(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, per_s: int, delay_s: float
) -> None:
    """Pass bytes on, paced and late."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)

    async def deliver() -> None:
        while True:
            due_s, data = await waiting.get()
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    delivering = asyncio.create_task(deliver())
    free_s = loop.time()
    with contextlib.suppress(OSError):
        while data := await reader.read(PIECE_BYTES):
            free_s = max(free_s, loop.time()) + len(data) / per_s
            await asyncio.sleep(max(0.0, free_s - loop.time()))
            await waiting.put((loop.time() + delay_s, data))
    await waiting.put((loop.time() + delay_s, b""))
    with contextlib.suppress(OSError):
        await delivering


async def proxy(listen: int, to: int, per_s: int, delay_s: float) -> None:
    """Serve for ever; says `ready` once it listens."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(shape(reader, back, per_s, delay_s), shape(there, writer, per_s, delay_s))

    async with await asyncio.start_server(pass_on, "127.0.0.1", listen, limit=PIECE_BYTES) as server:
        print("ready", flush=True)
        await server.serve_forever()


def missing() -> str:
    """Which program this needs and does not find; empty when all are there."""
    return next((name for name in ("ssh", "ssh-keygen", "/usr/sbin/sshd") if not shutil.which(name)), "")


@contextlib.contextmanager
def far_end(command: list[str], environment: Mapping[str, str]) -> Iterator[list[str]]:
    """The command line that runs `command` at the far end of the line."""
    with tempfile.TemporaryDirectory(prefix="qd-ssh-") as name, contextlib.ExitStack() as stack:
        folder, ports = Path(name), (_free_port(), _free_port())
        for key in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True
            )
        shutil.copy(folder / "user.pub", folder / "allowed")
        settings = (
            f"Port {ports[0]}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/allowed\nStrictModes no\nPermitRootLogin yes\nUsePAM no\n"
            "PasswordAuthentication no\n"
        )
        (folder / "sshd_config").write_text(settings)
        Path("/run/sshd").mkdir(exist_ok=True)
        _start(stack, ["/usr/sbin/sshd", "-D", "-f", str(folder / "sshd_config")], environment)
        wait = [sys.executable, "-m", "benches.slow_link", str(ports[1]), str(ports[0])]
        line = _start(stack, [*wait, str(BYTES_PER_S), str(ONE_WAY_S)], environment)
        if line.stdout is None or not line.stdout.readline():
            raise RuntimeError("the slow line did not start")
        told = " ".join(f"{key}={shlex.quote(environment[key])}" for key in TOLD if key in environment)
        remote = f"cd {shlex.quote(str(Path.cwd()))} && {told} exec {shlex.join(command)}"
        yield [
            shutil.which("ssh") or "ssh", "-tt", "-q", "-F", "none", "-i", str(folder / "user"),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "Compression=no", "-p", str(ports[1]), "127.0.0.1", remote,
        ]  # fmt: skip


def _start(
    stack: contextlib.ExitStack, command: list[str], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait()

    stack.callback(end)
    return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(painted: bytes, environment: dict[str, str], case: str) -> list[Row]:
    """The console at the far end, on an agent that does what `case` says."""
    say(f"over ssh at 64 kbit/s and 300 ms, {case}")
    forget_last_seen(environment)
    with (
        far_end([sys.executable, "-m", "console"], environment) as command,
        Terminal(command, COLUMNS, LINES, os.environ | {"TERM": "xterm-256color"}) as terminal,
    ):
        first_s = terminal.read_until(painted, 60)
        terminal.read_for(SETTLE_S)
        usage = terminal.watch(IDLE_S)
        answers = [_press(terminal, key) for key in KEYS]
    case = f"ssh, 64 kbit/s, 300 ms, {case}"
    return [
        Row(f"{case}: first paint, login included", first_s, "s"),
        Row(f"{case}: written", usage.kb_per_s, "kB/s", 8),
        Row(f"{case}: key to the first change, median", statistics.median(a for a, _, _ in answers), "s"),
        Row(f"{case}: key to the first change, worst", max(a for a, _, _ in answers), "s"),
        Row(f"{case}: key to the whole screen, p95", percentile([b for _, b, _ in answers], 95), "s"),
        Row(f"{case}: another screen, bytes, worst", max(c for _, _, c in answers) / 1000, "kB"),
    ]


def _press(terminal: Terminal, key: str) -> tuple[float, float, int]:
    """Seconds until something came, until most of it had come, and how many bytes came."""
    before = len(terminal.chunks)
    pressed_s = terminal.since_start_s()
    terminal.press(key)
    terminal.read_for(2.5)
    came = terminal.chunks[before:]
    if not came:
        raise RuntimeError(f"the key {key!r} was not answered")
    burst = [came[0]]
    for chunk in came[1:]:
        if chunk.at_s - burst[-1].at_s > QUIET_S:
            break
        burst.append(chunk)
    return burst[0].at_s - pressed_s, burst[-1].at_s - pressed_s, sum(len(one.data) for one in burst)


if __name__ == "__main__":
    asyncio.run(proxy(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
