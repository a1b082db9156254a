"""Frames: what is signed is what is read, and nothing else is accepted."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.protocol.canonical import canonical, digest
from console.protocol.frames import (
    FrameError,
    check_signature,
    open_from_coordinator,
    open_from_node,
    peek_from_node,
    seal,
)
from console.protocol.ids import JobId
from console.protocol.keys import SigningKey, verify
from console.protocol.messages import FRAME_BYTES_LIMIT, Ack, Cancel
from console.protocol.session_key import SessionKey

NODE, COORDINATOR = SigningKey(b"n" * 32), SigningKey(b"k" * 32)
KEY = SessionKey(bytes(range(64)))
ACK = Ack(JobId("ab" * 16), 1, 1)
Hand = SigningKey | SessionKey
SIGNED, CODED = (NODE, NODE.node_id, "signature"), (KEY, KEY, "code")
"""By whom a frame is sealed, by what it is opened, and what does not match where it is not that."""
either = pytest.mark.parametrize(("hand", "by", "proof"), [SIGNED, CODED], ids=["signed", "coded"])


def test_round_trip() -> None:
    data = seal(NODE, "to_coordinator", "s", 4, ACK)
    assert open_from_node(data, NODE.node_id, "s", 3) == (4, ACK)
    cancel = Cancel(ACK.job, 1, 1, "client went away")
    data = seal(COORDINATOR, "to_node", "s", 0, cancel)
    assert open_from_coordinator(data, COORDINATOR.node_id, "s", -1) == (0, cancel)


@pytest.mark.parametrize(
    ("session", "after", "why"), [("other", 3, "session"), ("s", 4, "counter"), ("s", 9, "counter")]
)
@either
def test_another_session_or_an_old_counter(
    hand: Hand, by: str | SessionKey, proof: str, session: str, after: int, why: str
) -> None:
    data = seal(hand, "to_coordinator", "s", 4, ACK)
    with pytest.raises(FrameError, match=why):
        open_from_node(data, by, session, after)


@either
def test_a_frame_cannot_be_reflected_or_borrowed(hand: Hand, by: str | SessionKey, proof: str) -> None:
    reflected = seal(hand, "to_node", "s", 4, ACK)
    with pytest.raises(FrameError, match=proof):
        open_from_node(reflected, by, "s", 3)
    for other in (COORDINATOR, SessionKey(bytes(64))):
        with pytest.raises(FrameError, match=proof):
            open_from_node(seal(other, "to_coordinator", "s", 4, ACK), by, "s", 3)


@either
@given(data=st.data())
def test_any_flipped_byte_is_refused(
    hand: Hand, by: str | SessionKey, proof: str, data: st.DataObject
) -> None:
    frame = bytearray(seal(hand, "to_coordinator", "s", 4, ACK))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    try:
        counter, body = open_from_node(bytes(frame), by, "s", 3)
    except FrameError:
        return
    assert (counter, body) == (4, ACK), "white space and letter case of hex may differ, never the meaning"


@given(st.binary(max_size=300))
def test_rubbish_is_a_frame_error(data: bytes) -> None:
    with pytest.raises(FrameError):
        open_from_node(data, NODE.node_id, "s", 0)


def test_bounds_and_unknown_messages() -> None:
    with pytest.raises(FrameError, match="bytes"):
        open_from_node(b"x" * (FRAME_BYTES_LIMIT + 1), NODE.node_id, "s", 0)
    with pytest.raises(FrameError, match="not understood"):
        open_from_node(seal(NODE, "to_coordinator", "s", 1, {"type": "nope"}), NODE.node_id, "s", 0)
    deep = b'{"session":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(FrameError):
        open_from_node(deep, NODE.node_id, "s", 0)


def test_peek_leaves_the_signature_to_be_checked() -> None:
    frame, body = peek_from_node(seal(NODE, "to_coordinator", "", 0, ACK))
    assert body == ACK
    check_signature(frame, "to_coordinator", NODE.node_id)
    with pytest.raises(FrameError):
        check_signature(frame, "to_coordinator", COORDINATOR.node_id)


def test_canonical_bytes() -> None:
    assert canonical("t/v1", {"b": 1, "a": [2]}) == b'quarterdeck/t/v1\0{"a":[2],"b":1}'
    assert digest("a/v1", 1) != digest("b/v1", 1)
    with pytest.raises(ValueError, match="float"):
        canonical("t/v1", {"a": [0.5]})


def test_verify_never_raises() -> None:
    signature = NODE.sign(b"m")
    assert verify(NODE.node_id, b"m", signature)
    for node, message, bad in [
        ("zz", b"m", signature),
        (NODE.node_id, b"x", signature),
        (NODE.node_id, b"m", ""),
    ]:
        assert not verify(node, message, bad)


def test_messages_have_distinct_tags() -> None:
    """A tag used twice would make msgspec refuse the union when it is first decoded."""
    from console.protocol.messages import FromCoordinator, FromNode

    msgspec.json.Decoder(FromNode)
    msgspec.json.Decoder(FromCoordinator)
