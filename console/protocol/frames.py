"""Framing: bodies to frames and back.

A frame is one JSON text: `{"session", "counter", "body"}` and a `signature`, at sign-in, or a `code` of the
session's key, after it. Either covers the direction, session, counter and the body's exact bytes, so that
nothing can be replayed, reordered or reflected.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

import msgspec

from console.protocol.canonical import canonical, unsigned
from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey, verify
from console.protocol.messages import (
    FRAME_BYTES_LIMIT,
    Challenge,
    FromCoordinator,
    FromNode,
    Presence,
    SignIn,
)
from console.protocol.session_key import Direction, Ephemeral, SessionKey
from console.protocol.types import Receipt, Result, Ticket

T = TypeVar("T")


class FrameError(Exception):
    """A frame that cannot be accepted; the text says why. The connection should end."""


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message on the wire."""

    session: str
    counter: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
    body: msgspec.Raw
    signature: str = ""
    code: str = ""


# A decoder knows its type once and for all; `msgspec.json.decode` looks through a union's members every time.
_frame = msgspec.json.Decoder(Frame)
_from_node: msgspec.json.Decoder[FromNode] = msgspec.json.Decoder(FromNode)
_from_coordinator: msgspec.json.Decoder[FromCoordinator] = msgspec.json.Decoder(FromCoordinator)


def seal(
    hand: SigningKey | SessionKey, direction: Direction, session: str, counter: int, body: object
) -> bytes:
    """The frame for `body`: signed, or with a code where the session has a key."""
    raw = msgspec.json.encode(body)
    if isinstance(hand, SessionKey):
        code = hand.code(direction, _coded_bytes(session, counter, raw))
        return msgspec.json.encode(Frame(session, counter, msgspec.Raw(raw), code=code))
    signature = hand.sign(_signed_bytes(direction, session, counter, raw))
    return msgspec.json.encode(Frame(session, counter, msgspec.Raw(raw), signature))


def open_from_node(
    data: bytes | str, node: str | SessionKey, session: str, after: int
) -> tuple[int, FromNode]:
    """Counter and body of a node's frame, checked against its session and last counter.

    `node`: the id by whose key it must be signed, or the session's key, whose code it must carry.

    Raises:
        FrameError: too large, malformed, another session, a counter not above `after`, or neither.
    """
    frame = _parse(data, session, after)
    _check(frame, "to_coordinator", node)
    return frame.counter, _body(frame, _from_node)


def open_from_coordinator(
    data: bytes | str, coordinator: str | SessionKey, session: str, after: int
) -> tuple[int, FromCoordinator]:
    """Counter and body of a coordinator's frame; the rules of `open_from_node`."""
    frame = _parse(data, session, after)
    _check(frame, "to_node", coordinator)
    return frame.counter, _body(frame, _from_coordinator)


def peek_from_node(data: bytes | str) -> tuple[Frame, FromNode]:
    """Frame and body before its sender is known (sign-in); the signature is not checked yet."""
    frame = _parse(data, "", -1)
    return frame, _body(frame, _from_node)


def peek_from_coordinator(data: bytes | str) -> tuple[Frame, FromCoordinator]:
    """Frame and body of the challenge, whose signer is named in the body."""
    frame = _parse(data, "", -1)
    return frame, _body(frame, _from_coordinator)


def check_signature(frame: Frame, direction: Direction, signer: str) -> None:
    """Raise FrameError unless `frame` was signed by `signer`."""
    _check(frame, direction, signer)


def sign_in_bytes(message: SignIn, coordinator: str) -> bytes:
    """What a node signs to sign in: everything it claims, the nonce, and whom it talks to."""
    return canonical("sign-in/v1", [coordinator, unsigned(message)])


def agreed(ours: Ephemeral, theirs: str, challenge: Challenge, node: NodeId) -> SessionKey | None:
    """The key of the session that a sign-in begins, at either end; None where the other end gave no half of
    one, and signs its frames.

    `theirs`: the other end's half, out of a message whose signature holds. Raises FrameError: it is none.
    """
    if not theirs:
        return None
    try:
        return ours.agree(theirs, challenge.nonce, challenge.coordinator, node)
    except ValueError as error:
        raise FrameError("it holds no usable key for the session") from error


def result_bytes(result: Result) -> bytes:
    """What a node signs of its result."""
    return canonical("result/v1", unsigned(result))


def ticket_bytes(ticket: Ticket) -> bytes:
    """What the coordinator signs of a ticket."""
    return canonical("ticket/v1", ticket)


def presence_bytes(presence: Presence) -> bytes:
    """What the coordinator signs of a presence receipt: everything but what it tells of the moment, so that
    receipts of peers that tell more, or less, are checked alike."""
    fields = unsigned(presence)
    fields.pop("around")
    return canonical("presence/v1", fields)


def receipt_bytes(receipt: Receipt) -> bytes:
    """What the coordinator signs of a receipt."""
    return canonical("receipt/v1", unsigned(receipt))


def _signed_bytes(direction: Direction, session: str, counter: int, raw: bytes) -> bytes:
    return canonical("frame/v1", [direction, session, counter, hashlib.sha256(raw).hexdigest()])


def _coded_bytes(session: str, counter: int, raw: bytes) -> bytes:
    return b"quarterdeck/frame/v2\0%b\0%d\0%b" % (session.encode(), counter, raw)


def _parse(data: bytes | str, session: str, after: int) -> Frame:
    if len(data) > FRAME_BYTES_LIMIT:
        raise FrameError(f"a frame of {len(data)} bytes; at most {FRAME_BYTES_LIMIT} are accepted")
    try:
        frame = _frame.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"not a frame: {error}") from error
    if frame.session != session:
        raise FrameError("a frame of another session")
    if frame.counter <= after:
        raise FrameError(f"counter {frame.counter} after {after}: replayed or out of order")
    return frame


def _check(frame: Frame, direction: Direction, by: str | SessionKey) -> None:
    raw = bytes(frame.body)
    if isinstance(by, SessionKey):
        if not by.fits(direction, _coded_bytes(frame.session, frame.counter, raw), frame.code):
            raise FrameError("the code does not match")
    elif not verify(by, _signed_bytes(direction, frame.session, frame.counter, raw), frame.signature):
        raise FrameError("the signature does not match")


def _body(frame: Frame, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(frame.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"a message that is not understood: {error}") from error
