"""The session's key: both ends have it, nobody else; a frame with its code is taken once, and one way."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from console.protocol.canonical import canonical
from console.protocol.frames import Frame, FrameError, open_from_coordinator, open_from_node, seal
from console.protocol.ids import JobId, NodeId
from console.protocol.keys import SigningKey
from console.protocol.messages import Ack, Cancel
from console.protocol.session_key import Ephemeral, SessionKey

NODE, COORDINATOR = SigningKey(b"n" * 32), SigningKey(b"k" * 32)
OURS, THEIRS = Ephemeral(b"o" * 32), Ephemeral(b"t" * 32)
NONCE = "5a" * 32
KEY = OURS.agree(THEIRS.public, NONCE, COORDINATOR.node_id, NODE.node_id)
ACK = Ack(JobId("ab" * 16), 1, 1)


def test_both_ends_come_to_the_same_key() -> None:
    other = THEIRS.agree(OURS.public, NONCE, COORDINATOR.node_id, NODE.node_id)
    data = seal(KEY, "to_coordinator", "s", 4, ACK)
    assert open_from_node(data, other, "s", 3) == (4, ACK)
    cancel = Cancel(ACK.job, 1, 1, "client went away")
    assert open_from_coordinator(seal(other, "to_node", "s", 0, cancel), KEY, "s", -1) == (0, cancel)


@pytest.mark.parametrize(
    ("nonce", "coordinator", "node"),
    [
        ("00" * 32, COORDINATOR.node_id, NODE.node_id),
        (NONCE, NODE.node_id, NODE.node_id),
        (NONCE, COORDINATOR.node_id, COORDINATOR.node_id),
    ],
)
def test_it_is_of_one_sign_in_between_two_identities(nonce: str, coordinator: NodeId, node: NodeId) -> None:
    other = THEIRS.agree(OURS.public, nonce, coordinator, node)
    with pytest.raises(FrameError, match="code"):
        open_from_node(seal(other, "to_coordinator", "s", 4, ACK), KEY, "s", 3)


def test_by_the_letter_of_its_papers() -> None:
    """RFC 7748, 5869 and 2104, with HKDF written out."""
    shared = X25519PrivateKey.from_private_bytes(b"o" * 32).exchange(
        X25519PublicKey.from_public_bytes(bytes.fromhex(THEIRS.public))
    )
    info = canonical(
        "session-key/v1", [COORDINATOR.node_id, NODE.node_id, *sorted((OURS.public, THEIRS.public))]
    )
    pseudorandom = hmac.digest(bytes.fromhex(NONCE), shared, "sha256")
    first = hmac.digest(pseudorandom, info + b"\x01", "sha256")
    second = hmac.digest(pseudorandom, first + info + b"\x02", "sha256")
    assert KEY.code("to_coordinator", b"m") == hmac.digest(first, b"m", "sha256").hex()
    assert KEY.code("to_node", b"m") == hmac.digest(second, b"m", "sha256").hex()
    raw = msgspec.json.encode(ACK)
    said = b"quarterdeck/frame/v2\x00s\x004\x00" + raw
    code = hmac.new(first, said, hashlib.sha256).hexdigest()
    expected = b'{"session":"s","counter":4,"body":' + raw + b',"code":"' + code.encode() + b'"}'
    assert seal(KEY, "to_coordinator", "s", 4, ACK) == expected


def test_where_there_is_a_key_a_signature_does_not_do_and_the_other_way_round() -> None:
    signed, coded = (seal(hand, "to_coordinator", "s", 4, ACK) for hand in (NODE, KEY))
    with pytest.raises(FrameError, match="code"):
        open_from_node(signed, KEY, "s", 3)
    with pytest.raises(FrameError, match="signature"):
        open_from_node(coded, NODE.node_id, "s", 3)


@pytest.mark.parametrize("code", ["", "ß" * 64, "\u0000", "0" * 64])
def test_a_code_that_is_none(code: str) -> None:
    frame = Frame("s", 4, msgspec.Raw(msgspec.json.encode(ACK)), code=code)
    with pytest.raises(FrameError, match="code"):
        open_from_node(msgspec.json.encode(frame), KEY, "s", 3)


@pytest.mark.parametrize("counter", ["-1", str(1 << 63), "9" * 5000])
def test_a_counter_beyond_what_is_counted(counter: str) -> None:
    text = f'{{"session":"s","counter":{counter},"body":{{}},"code":""}}'
    with pytest.raises(FrameError, match="not a frame"):
        open_from_node(text, KEY, "s", -2)


@pytest.mark.parametrize("public", ["", "zz", "00" * 31, "00" * 32, "01" + "00" * 31])
def test_no_key_comes_of_what_is_no_half(public: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        OURS.agree(public, NONCE, COORDINATOR.node_id, NODE.node_id)


def test_each_direction_has_a_key_of_its_own() -> None:
    key = SessionKey(bytes(range(64)))
    assert key.code("to_node", b"m") != key.code("to_coordinator", b"m")
