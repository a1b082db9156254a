"""A model's file hashed anew and held to what it must be: the catalogue's word, or what is served. Blocks."""

from __future__ import annotations

from pathlib import Path

from console.agent.model import ModelFile
from console.models import sha256_file, verify_file
from console.models.errors import WrongHash
from console.models.hashing import OnProgress
from console.models.inventory import Inventory, Stock


def check(stock: Stock, inventory: Inventory, serving: ModelFile, report: OnProgress) -> Path | str:
    """The file's path if it is what the catalogue says; the SHA-256 of a file that only the operator knows.

    Raises:
        ModelError: it is not what it must be; `inventory` remembers what it is.
        OSError: it cannot be read.
    """
    if stock.entry is None:
        digest = sha256_file(stock.path, report)
        inventory.remember(stock.path, digest)
        if stock.path == serving.path and digest != serving.group:
            raise WrongHash(
                digest,
                f"{stock.title} changed after the node began to serve it.",
                "Restart the agent: what it serves now is not what it offers.",
            )
        return digest
    try:
        return verify_file(stock.entry, inventory.folder, report)
    except WrongHash as error:
        inventory.remember(stock.path, error.found)
        raise


def passed(stock: Stock) -> str:
    """What is said of a check that found nothing wrong."""
    if stock.entry is None:
        words = "was hashed. Its SHA-256 stands on the screen Models: compare it with its publisher's."
    else:
        words = "is what it should be: its SHA-256 matches."
    return f"{stock.title} {words}"
