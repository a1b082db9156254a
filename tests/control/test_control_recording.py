"""Recordings: what was written is read, what is broken is named, and a replay keeps its pace."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from console.control import recording
from console.control.link import Lost
from console.control.recording import Asked, Recorded, Recorder, Recording, RecordingError, create, read
from console.control.replay import END, Replay
from console.control.state import NodeState
from console.control.wire import Answer, Hello, Snapshot

RECORDED = [
    Recorded(1_000, Hello(1, "double", 7)),
    Recorded(1_250, Snapshot(1, 1_250, NodeState())),
    Recorded(1_250, Asked("pause", {}, Answer("", True, "Paused."))),
    Recorded(3_250, Lost("gone", 0.5)),
]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with path.open("wb") as out:
        for recorded in RECORDED:
            Recorder(out).write(recorded.at_ms, recorded.message)
    assert read(path) == RECORDED


@pytest.mark.parametrize(
    "broken", [b"not json\n", b'{"at_ms": 1}\n', b'{"at_ms":1,"message":{"type":"x"}}\n']
)
def test_a_broken_line_is_named(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "broken.jsonl"
    with path.open("wb") as out:
        Recorder(out).write(0, RECORDED[0].message)
        out.write(broken)
    with pytest.raises(RecordingError, match="Line 2"):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nowhere\.jsonl"):
        read(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize(("speed", "waits"), [(1.0, [0.25, 2.0]), (4.0, [0.0625, 0.5]), (0.0, [])])
async def test_a_replay_keeps_its_pace(speed: float, waits: list[float]) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    replay = Replay(RECORDED, speed=speed, sleep=sleep)
    news = replay.attach()
    got = [await anext(news) for _ in range(3)]
    assert [type(item) for item in got] == [Hello, Snapshot, Lost]
    assert slept == waits
    await news.aclose()


async def test_a_replay_answers_what_was_asked_and_refuses_the_rest() -> None:
    replay = Replay(RECORDED, speed=0)
    assert (await replay.command("pause")).sentence == "Paused."
    refused = await replay.command("drain")
    assert not refused.ok and "recording" in refused.sentence


def test_a_compressed_recording_is_read_and_a_cut_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl.gz"
    with create(path) as out:
        for recorded in RECORDED:
            Recorder(out).write(recorded.at_ms, recorded.message)
    assert read(path) == RECORDED
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(RecordingError, match="cannot be read"):
        read(path)


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        create(path)
    assert path.read_bytes() == b"precious"


def test_what_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    line = b'{"at_ms":0,"message":{"type":"lost","sentence":"' + b"x" * 1000 + b'","retry_s":0}}\n'
    path.write_bytes(gzip.compress(line * 1000))
    monkeypatch.setattr(recording, "RECORDING_BYTES_LIMIT", 100_000)
    with pytest.raises(RecordingError, match="bounds"):
        read(path)


async def test_a_replay_begins_again_or_says_that_it_is_over() -> None:
    async def sleep(seconds: float) -> None:
        return None

    endless = Replay(RECORDED, loop=True, sleep=sleep).attach()
    got = [await anext(endless) for _ in range(6)]
    assert [type(item) for item in got] == [Hello, Snapshot, Lost] * 2
    await endless.aclose()
    once = Replay(RECORDED, tell_end=True, sleep=sleep).attach()
    last = [await anext(once) for _ in range(4)][-1]
    assert isinstance(last, Lost) and last.sentence == END
    await once.aclose()


async def test_a_replay_from_the_disk_is_the_one_from_memory(tmp_path: Path) -> None:
    recording = Recording(_written(tmp_path))
    assert (recording.begins_ms, recording.ends_ms) == (1_000, 3_250)
    assert list(recording) == list(recording) == RECORDED
    news = Replay(recording, speed=0, loop=True, sleep=_no_sleep).attach()
    assert [type(await anext(news)) for _ in range(6)] == [Hello, Snapshot, Lost] * 2
    await news.aclose()
    assert (await Replay(recording).command("pause")).sentence == "Paused."


async def test_a_recording_that_breaks_while_it_plays_says_so_and_ends(tmp_path: Path) -> None:
    recording = Recording(_written(tmp_path))
    recording.path.unlink()
    news = Replay(recording, speed=0, tell_end=True).attach()
    why, end = await anext(news), await anext(news)
    assert isinstance(why, Lost) and "cannot be read" in why.sentence
    assert isinstance(end, Lost) and end.sentence == END
    await news.aclose()


def _written(folder: Path) -> Path:
    path = folder / "one.jsonl"
    with path.open("wb") as out:
        for recorded in RECORDED:
            Recorder(out).write(recorded.at_ms, recorded.message)
    return path


async def _no_sleep(seconds: float) -> None:
    return None
