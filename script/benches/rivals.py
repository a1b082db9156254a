"""Other servers, in an environment of the bench's own, with a child of theirs for each.

    python -P rivals.py xllamacpp|stock MODEL PORT THREADS SLOTS CONTEXT

is what the child runs; the rest is imported by the bench.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".cache" / "bench-venv"
LOCK = ROOT / "constraints-bench.txt"
READY_S = 120.0


def ready() -> bool:
    """Whether the environment is there; it is made when it is missing."""
    mark = VENV / "made-from"
    if mark.exists() and mark.read_bytes() == LOCK.read_bytes():
        return True
    print(f"bench: installing the other servers into {VENV.relative_to(ROOT)}", file=sys.stderr, flush=True)
    pip = (str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input")
    for command in (
        (sys.executable, "-m", "venv", "--clear", str(VENV)),
        (*pip, "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(LOCK)),
    ):
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            return False
    mark.write_bytes(LOCK.read_bytes())
    return True


@contextlib.asynccontextmanager
async def serving(name: str, model: Path, port: int, threads: int, slots: int, context: int):  # type: ignore[no-untyped-def]
    """A running server of that name on loopback. Raises RuntimeError when it does not come up."""
    words = [name, str(model), *map(str, (port, threads, slots, context))]
    child = await asyncio.create_subprocess_exec(
        str(VENV / "bin" / "python"), "-P", __file__, *words,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, env=_environment(),
    )  # fmt: skip
    try:
        await _listening(child, port)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _listening(child: asyncio.subprocess.Process, port: int) -> None:
    ends_s = time.monotonic() + READY_S
    while time.monotonic() < ends_s and child.returncode is None:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the server did not come up")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OMP_"))}
    return kept | {"GGML_CPU_TILED_MM": "1"}


def _xllamacpp(model: str, port: int, threads: int, slots: int, context: int) -> None:
    import xllamacpp  # type: ignore[import-not-found]

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.n_batch = params.n_ubatch = 512
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.cache_prompt = False
    server = xllamacpp.Server(params)
    while server is not None:
        time.sleep(3600)


def _stock(model: str, port: int, threads: int, _slots: int, context: int) -> None:
    import uvicorn
    from llama_cpp.server.app import create_app
    from llama_cpp.server.settings import ModelSettings, ServerSettings

    options = ModelSettings(
        model=model, n_ctx=context, n_batch=512, n_ubatch=512, n_threads=threads, n_threads_batch=threads,
        flash_attn=True, logits_all=False, verbose=False,
    )  # fmt: skip
    app = create_app(
        server_settings=ServerSettings(host="127.0.0.1", port=port, interrupt_requests=False),
        model_settings=[options],
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    start = {"xllamacpp": _xllamacpp, "stock": _stock}[sys.argv[1]]
    start(sys.argv[2], *map(int, sys.argv[3:]))
