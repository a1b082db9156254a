"""Lines over messages: whatever a broker does to them, a reader gets a beginning of what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.protocol.ids import NodeId
from console.protocol.lines import (
    HEAD_BYTES,
    LineError,
    Message,
    Reader,
    Writer,
    decoded,
    encoded,
    from_node,
    sender,
)
from console.protocol.messages import FRAME_BYTES_LIMIT

NODE = NodeId("ab" * 32)
LINE = "0123456789abcdef0123456789abcdef"
frames = st.lists(st.binary(max_size=200), max_size=8)


def written(texts: list[bytes], limit: int = HEAD_BYTES + 32) -> list[bytes]:
    writer = Writer(limit)
    return [piece for text in texts for piece in writer.pieces(text)]


def read(published: list[bytes]) -> tuple[list[bytes], bool]:
    """What a reader got, and whether the line broke."""
    reader, got = Reader(), []
    try:
        for data in published:
            frame = reader.take(decoded(data))
            if frame is not None:
                got.append(frame)
    except LineError:
        return got, True
    return got, False


@given(frames, st.integers(HEAD_BYTES + 1, HEAD_BYTES + 300))
def test_what_is_written_is_read_and_no_message_is_above_the_limit(texts: list[bytes], limit: int) -> None:
    published = written(texts, limit)
    assert read(published) == (texts, False)
    assert all(len(data) <= limit for data in published)


@given(frames, st.data())
def test_whatever_becomes_of_the_messages_what_is_read_is_a_beginning(
    texts: list[bytes], data: st.DataObject
) -> None:
    published = written(texts)
    meddled = data.draw(st.lists(st.sampled_from(published), max_size=40)) if published else []
    got, _ = read(meddled)
    assert got == texts[: len(got)]


@given(frames, st.data())
def test_a_message_that_is_lost_is_noticed_with_the_next(texts: list[bytes], data: st.DataObject) -> None:
    published = written([*texts, b"last"])
    lost = data.draw(st.integers(0, len(published) - 2)) if len(published) > 1 else None
    if lost is not None:
        assert read(published[:lost] + published[lost + 1 :])[1]


@given(frames)
def test_messages_that_come_twice_count_once(texts: list[bytes]) -> None:
    doubled = [data for one in written(texts) for data in (one, one)]
    assert read(doubled) == (texts, False)


@given(st.binary(max_size=60))
def test_rubbish_is_refused_or_read_as_what_it_says(data: bytes) -> None:
    try:
        message = decoded(data)
    except LineError:
        return
    assert decoded(encoded(message)) == message


def test_pieces_without_an_end_are_not_kept_for_ever() -> None:
    reader = Reader()
    with pytest.raises(LineError, match="above"):
        for number in range(10):
            reader.take(Message("m", number, bytes(FRAME_BYTES_LIMIT // 2)))
    reader = Reader()
    with pytest.raises(LineError, match="above"):
        for number in range(1_000_000):
            reader.take(Message("m", number))


def test_an_end_ends_it_and_a_dial_is_no_frame() -> None:
    reader = Reader()
    assert reader.take(Message("d", 0)) is None
    with pytest.raises(LineError, match="ended"):
        reader.take(Message("e", 1))


def test_an_end_from_one_that_does_not_know_the_line_ends_it_too() -> None:
    reader = Reader()
    reader.take(Message("f", 0, b"welcome"))
    with pytest.raises(LineError, match="ended"):
        reader.take(Message("e", 0))


def test_subjects_name_their_node_and_nobody_else() -> None:
    assert sender(from_node(NODE, LINE, "f" * 64)) == (NODE, LINE)
    for subject in ("", "a", "a.b", from_node(NodeId("ab"), LINE, "any"), from_node(NODE, "*", "any")):
        with pytest.raises(LineError):
            sender(subject)


def said(token: int, number: int, body: bytes = b"x") -> Message:
    return Message("f", number, body, token)


def test_what_an_owner_says_that_another_has_taken_over_from_is_not_heard() -> None:
    reader = Reader()
    assert reader.take(said(7, 0)) == b"x"
    with pytest.raises(LineError, match="taken over"):
        reader.take(Message("e", 0, token=8))
    after = Reader(reader.token)
    for stale in (said(7, 0), Message("e", 0, token=7), said(7, 5)):
        assert after.take(stale) is None
    assert after.take(said(8, 0, b"new")) == b"new"
