"""How an engine's end is told, and what its start refuses before there is a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles.engine_double import ScriptedEngine

from console.engine.ending import TAIL_BYTES, ended, exit_sentence, log_tail
from console.engine.launch import EngineLaunch
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
    log.write_text("a" * 100_000 + "\nlast line\n")
    assert log_tail(log).endswith("last line\n")
    assert len(log_tail(log)) == TAIL_BYTES
    assert log_tail(log, since=100_001) == "last line\n"


def test_the_end_says_whether_memory_ran_out() -> None:
    assert ended(ExitCode.MEMORY, "There is not enough memory for the context.").memory
    assert ended(-6, "GGML_ASSERT(ctx->mem_buffer != NULL) failed").memory
    assert ended(-9, "", system_killed=True).memory
    assert "system ran out of memory" in ended(-9, "", system_killed=True).sentence
    assert not ended(-9, "").memory
    assert not ended(-6, "GGML_ASSERT(x) failed").memory
    assert not ended(-11, "failed to allocate buffer").memory
    assert not ended(0, "", system_killed=True).memory


def test_a_backtrace_does_not_hide_the_cause() -> None:
    tail = "ggml_aligned_malloc: insufficient memory (attempted to allocate  41.96 MB)\n" + "#0 frame\n" * 900
    assert "ran out of memory" in exit_sentence(-6, tail)


def test_what_the_operators_own_programs_need_is_passed_only_when_set(tmp_path: Path) -> None:
    plain = EngineLaunch(tmp_path / "m", tmp_path / "s", 2048, 1, 0, tmp_path / "log", slots=4)
    assert not {"--local-port", "--local-key-file"} & set(plain.command())
    key = tmp_path / "key"
    local = EngineLaunch(
        tmp_path / "m", tmp_path / "s", 2048, 1, 0, tmp_path / "log", 4, "last", 8090, key
    ).command()
    told = {name: local[local.index(name) + 1] for name in ("--local", "--local-port", "--local-key-file")}
    assert told == {"--local": "last", "--local-port": "8090", "--local-key-file": str(key)}


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
