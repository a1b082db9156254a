"""Which weights this node serves: found, and proved to be what they are said to be, before anything else."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from console.agent.trouble import FAILED, USAGE, AgentError
from console.models import GgufError, ModelError, fetch, find_entry, read_gguf, sha256_file, verify_file
from console.models.errors import plain
from console.models.hashing import OnProgress
from console.models.inventory import is_path
from console.protocol.ids import GroupId


class ModelFile(msgspec.Struct, frozen=True):
    """A model file whose SHA-256 is known."""

    path: Path
    name: str
    group: GroupId
    trained_context: int


def models_folder(home: Path) -> Path:
    """Where the weights of `home` lie; `$QUARTERDECK_MODELS` shares one folder between homes."""
    override = os.environ.get("QUARTERDECK_MODELS")
    return Path(override).expanduser().absolute() if override else home / "models"


def find_model(choice: str, folder: Path, on_progress: OnProgress) -> ModelFile:
    """The model that the operator chose: a catalogue name, or the path of a GGUF file. Takes a while.

    Raises:
        AgentError: unknown name (exit code 2); missing, damaged, truncated, or of a wrong hash (1).
    """
    try:
        if is_path(choice):
            return _own_file(Path(choice).expanduser().absolute(), on_progress)
        entry = find_entry(choice)
        there = (folder / entry.file_name).exists()
        path = verify_file(entry, folder, on_progress) if there else fetch(entry, folder, on_progress)
        trained = read_gguf(path).context_length or entry.context_length
        return ModelFile(path, entry.name, GroupId(entry.sha256), trained)
    except ModelError as error:
        code = USAGE if error.code == "unknown_model" else FAILED
        raise AgentError(str(error), code) from error


def _own_file(path: Path, on_progress: OnProgress) -> ModelFile:
    try:
        facts = read_gguf(path)
        digest = sha256_file(path, on_progress)
    except GgufError as error:
        raise AgentError(f"The model {path} cannot be used. {error}") from error
    except OSError as error:
        raise AgentError(
            f"The model {path} cannot be read ({error.strerror or error}). "
            "Check engine.model in the configuration: it is a catalogue name or the path of a GGUF file."
        ) from error
    return ModelFile(path, plain(path.stem, 60), GroupId(digest), facts.context_length)
