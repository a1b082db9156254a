"""The real starter model, as it came through the package index."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.models import STARTER, GgufError, read_gguf, sha256_file

pytestmark = pytest.mark.model


def test_catalogue_says_what_the_file_says(starter_model: Path) -> None:
    entry, info = STARTER, read_gguf(starter_model)
    assert sha256_file(starter_model) == entry.sha256
    assert (info.file_bytes, info.expected_bytes) == (entry.size_bytes, entry.size_bytes)
    assert (info.architecture, info.parameter_count) == (entry.architecture, entry.parameters)
    assert info.context_length == entry.context_length
    assert info.tensor_types == {"F32": 61, "Q4_1": 210, "Q8_0": 1}
    assert info.has_chat_template and info.vocabulary == 49_152


def test_a_cut_off_download_is_noticed(starter_model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with starter_model.open("rb") as whole:
        cut.write_bytes(whole.read(4 << 20))
    with pytest.raises(GgufError) as caught:
        read_gguf(cut)
    assert caught.value.code == "truncated" and "98,362,432" in caught.value.sentence
