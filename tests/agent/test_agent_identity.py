"""The node's key, its lock, and what is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.agent.identity import load_or_create
from console.agent.lock import Lock, holder
from console.agent.model import find_model
from console.agent.trouble import AgentError


def ignore(progress: object) -> None:
    """No progress is shown."""


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    first, second = load_or_create(tmp_path), load_or_create(tmp_path)
    assert first.key.node_id == second.key.node_id
    assert (tmp_path / "identity.key").stat().st_mode & 0o777 == 0o600
    assert first.sealing_key() == second.sealing_key() != (tmp_path / "identity.key").read_bytes()


def test_a_key_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = load_or_create(tmp_path).path
    path.chmod(0o644)
    with pytest.raises(AgentError, match="chmod 600"):
        load_or_create(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(AgentError, match="damaged: 5 bytes"):
        load_or_create(tmp_path)


def test_an_export_holds_no_key_in_the_clear(tmp_path: Path) -> None:
    identity = load_or_create(tmp_path)
    seed = identity.path.read_bytes()
    exported = identity.exported("correct horse")
    assert seed not in exported
    assert exported != identity.exported("correct horse")


def test_the_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    with pytest.raises(AgentError, match="runs already"):
        Lock(tmp_path)
    assert holder(tmp_path) is not None
    lock.release()
    assert holder(tmp_path) is None
    Lock(tmp_path).release()


def test_models_that_cannot_be_served_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="no model called") as unknown:
        find_model("no-such-model", tmp_path, ignore)
    assert unknown.value.exit_code == 2
    with pytest.raises(AgentError) as missing:
        find_model(str(tmp_path / "absent.gguf"), tmp_path, ignore)
    assert missing.value.exit_code == 1
    garbage = tmp_path / "garbage.gguf"
    garbage.write_bytes(b"\x01\x02\x03\x04" * 1000)
    with pytest.raises(AgentError, match=r"garbage\.gguf|GGUF"):
        find_model(str(garbage), tmp_path, ignore)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(b"GGUF\x03\x00\x00\x00")
    with pytest.raises(AgentError):
        find_model(str(cut), tmp_path, ignore)


def test_a_catalogue_model_of_a_wrong_hash_is_refused(tmp_path: Path) -> None:
    from console.models import STARTER

    (tmp_path / STARTER.file_name).write_bytes(b"GGUF, but not that one")
    with pytest.raises(AgentError, match="is not the model it should be") as wrong:
        find_model(STARTER.name, tmp_path, ignore)
    assert wrong.value.exit_code == 1
