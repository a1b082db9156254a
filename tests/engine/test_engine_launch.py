"""How an engine's end is told, and what its start refuses before there is a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles.engine_double import ScriptedEngine

from console.engine.launch import EngineLaunch, exit_sentence, log_tail
from console.engine.port import EngineError
from console.engine.probe import load_and_generate
from console.engine.process.causes import ExitCode
from console.engine.quantise import requantise


@pytest.mark.parametrize(
    ("code", "tail", "words"),
    [
        (0, "", "told to"),
        (-9, "", "out-of-memory killer"),
        (-6, "GGML_ASSERT(x) failed", "aborted on an internal check"),
        (-6, "terminate called: std::bad_alloc", "ran out of memory"),
        (-11, "", "memory fault"),
        (-4, "", "instruction that this CPU lacks"),
        (-7, "", "lost the model's file"),
        (-30, "", "SIGPWR"),
        (-99, "", "signal 99"),
        (1, "Traceback\nModuleNotFoundError: No module named 'llama_cpp'", "not installed"),
        (1, "", "code 1"),
        (ExitCode.MODEL, "noise\nThe model's file is cut short or damaged. Fetch it again.\n", "cut short"),
        (ExitCode.MEMORY, "", "code 71"),
    ],
)
def test_every_end_has_a_sentence(code: int, tail: str, words: str) -> None:
    sentence = exit_sentence(code, tail)
    assert words in sentence
    assert "Traceback" not in sentence


def test_the_tail_of_a_log_is_bounded_and_may_be_missing(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "none") == ""
    log = tmp_path / "log"
    log.write_text("a" * 10_000 + "\nlast line\n")
    assert log_tail(log).endswith("last line\n")
    assert len(log_tail(log)) == 4096


async def test_a_socket_path_that_no_system_takes_is_refused(tmp_path: Path) -> None:
    launch = EngineLaunch(tmp_path / "m", tmp_path / ("s" * 120), 2048, 1, 0, tmp_path / "log")
    with pytest.raises(EngineError, match="too long"):
        await launch.start()


async def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    launch = EngineLaunch(tmp_path / "m", tmp_path / "s", 2048, 1, 0, tmp_path / "missing" / "log")
    with pytest.raises(EngineError, match="cannot be started"):
        await launch.start()


async def test_the_probe_measures_an_engine_that_answers() -> None:
    probed = await load_and_generate(ScriptedEngine(end_bias=-50.0))
    assert probed.milli_tokens_per_s > 0


async def test_the_probe_refuses_engines_that_fail_or_forge() -> None:
    failing, forging = ScriptedEngine(), ScriptedEngine(end_bias=-50.0)
    failing.fail_after = 3
    forging.forged_noise = True
    for engine, words in ((failing, "told to fail"), (forging, "do not follow")):
        with pytest.raises(EngineError, match=words) as refused:
            await load_and_generate(engine)
        assert refused.value.code == "decode_failed"


async def test_re_quantising_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no model at"):
        await requantise(tmp_path / "none.gguf", tmp_path / "out.gguf", "Q4_0")
    assert not list(tmp_path.iterdir())
