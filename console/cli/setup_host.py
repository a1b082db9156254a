"""What first-run setup needs of this machine: a look at it, its models, and whether a network answers."""

from __future__ import annotations

import subprocess
import sys

from console.control.machine import FindingView
from console.control.setup import Choices, MachineFound, ModelChoice, Reached
from console.models import CATALOGUE
from console.models.catalogue import CatalogueEntry
from console.settings import edit, paths

BESIDE_WEIGHTS_BYTES = 512 * 1024 * 1024
"""Cache, buffers and the engine itself, for a file whose header is not here to be read."""


class Machine:
    """Implements `console.control.setup.SetupHost`."""

    def __init__(self) -> None:
        self.config_path = str(paths.config_file())

    def look(self) -> MachineFound:
        """Probes in subprocesses; a few seconds."""
        from console.cli.hardware import gather, runtime_words

        report = gather()
        disk = report.disks[0].free_bytes if report.disks else None
        return MachineFound(
            processor=report.cpu.model,
            cores=report.cpu.physical_cores or report.cpu.logical_cores,
            memory_bytes=report.memory.total_bytes if report.memory else 0,
            free_disk_bytes=disk,
            gpus=tuple(gpu.name for gpu in report.gpus),
            runtime=runtime_words(report.runtime),
            runtime_ready=report.runtime.available,
            findings=tuple(
                FindingView(f.status, f.name, f.seen, f.meaning, f.remedy)
                for f in report.findings
                if f.status != "pass"
            ),
        )

    def models(self) -> tuple[ModelChoice, ...]:
        """The catalogue."""
        import psutil

        free = psutil.virtual_memory().available
        folder = paths.models_dir()
        return tuple(_choice(entry, free, (folder / entry.file_name).exists()) for entry in CATALOGUE)

    def reach(self, address: str) -> Reached:
        """Dial, take the network's first word, hang up."""
        from console.cli.reach import UnreachedError, first_word

        try:
            message = first_word(address)
        except UnreachedError as error:
            return Reached(False, str(error))
        rate = message.policy.node_rate
        words = f"{message.network[:60]} answers; it pays a node {rate:,} nano-credits for each token."
        return Reached(True, words, message.network[:60])


def _choice(entry: CatalogueEntry, free: int, here: bool) -> ModelChoice:
    fits = entry.size_bytes + BESIDE_WEIGHTS_BYTES <= free
    words = f"{entry.size_bytes / 2**30:.1f} GB of weights, {free / 2**30:.1f} GB of memory free"
    return ModelChoice(entry.name, entry.title, entry.size_bytes, here, fits, words)


def write(choices: Choices) -> None:
    """Put what was chosen into the configuration. Raises ConfigError."""
    for section, key, value in (
        ("node", "coordinator", choices.coordinator),
        ("node", "name", choices.name),
        ("engine", "model", choices.model),
        ("power", "watts", choices.watts),
        ("power", "price_per_kwh", choices.price_per_kwh),
    ):
        if value:
            edit.set_value(paths.config_file(), section, key, value)


def start_agent() -> int:
    """Start the node; its exit code."""
    command = [sys.executable, "-m", "console", "agent", "start"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
