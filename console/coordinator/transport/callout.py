"""Who may connect to the message server: any node, as itself alone (NATS's authorization callout). Pure.

The server asks for each connection and gets a signed answer: who the other side proved to be, and which
subjects it may use. A node proves its key by a signature over the server's nonce; nobody is registered.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

from console.coordinator.transport.nats_keys import ACCOUNT
from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey, verify
from console.protocol.lines import permissions
from console.protocol.nkeys import node_of

SUBJECT = "$SYS.REQ.USER.AUTH"
_SUBSCRIPTIONS = 8
"""One node needs one at a time."""
_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}


class CalloutError(Exception):
    """The question cannot be answered: it is none of the server's."""


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Client(msgspec.Struct, frozen=True):
    nonce: str = ""


class _Connect(msgspec.Struct, frozen=True):
    nkey: str = ""
    sig: str = ""


class _Asked(msgspec.Struct, frozen=True):
    server_id: _Server
    user_nkey: str
    client_info: _Client
    connect_opts: _Connect


class _Claims(msgspec.Struct, frozen=True):
    nats: _Asked


def answer(question: bytes, issuer: SigningKey, account: str, now_s: int) -> bytes:
    """The answer to one question of the server's. `account`: public nkey of the issuer.

    Raises:
        CalloutError: it is no such question.
    """
    asked = _asked(question)
    node = _proved(asked)
    response: dict[str, object] = {"type": "authorization_response", "version": 2}
    if node is None:
        response["error"] = "the key is not proved by a signature of the server's nonce"
    else:
        response["jwt"] = _token(issuer, account, now_s, asked.user_nkey, ACCOUNT, _rights(node), node)
    signed = _token(issuer, account, now_s, asked.user_nkey, asked.server_id.id, response)
    return signed.encode()


def _asked(question: bytes) -> _Asked:
    try:
        body = question.split(b".")[1]
        return msgspec.json.decode(_unpadded(body), type=_Claims).nats
    except (IndexError, ValueError) as error:
        raise CalloutError("this is no question about a connection") from error


def _proved(asked: _Asked) -> NodeId | None:
    try:
        node = node_of(asked.connect_opts.nkey)
        signature = _unpadded(asked.connect_opts.sig.replace("+", "-").replace("/", "_").encode())
    except ValueError:
        return None
    nonce = asked.client_info.nonce.encode()
    return node if nonce and verify(node, nonce, signature.hex()) else None


def _rights(node: NodeId) -> dict[str, object]:
    may = permissions(node)
    limits = {"subs": _SUBSCRIPTIONS, "data": -1, "payload": -1}
    rights = {"pub": {"allow": [may.publish]}, "sub": {"allow": [may.subscribe]}}
    return {"type": "user", "version": 2} | rights | limits


def _token(
    issuer: SigningKey, account: str, now_s: int, subject: str, audience: str, nats: object, name: str = ""
) -> str:
    claims = {"iss": account, "sub": subject, "aud": audience, "iat": now_s, "name": name, "nats": nats}
    claims["jti"] = (
        base64.b32encode(hashlib.sha256(msgspec.json.encode(claims)).digest()).decode().rstrip("=")
    )
    text = f"{_base64(msgspec.json.encode(_HEADER))}.{_base64(msgspec.json.encode(claims))}"
    return f"{text}.{_base64(bytes.fromhex(issuer.sign(text.encode())))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64decode(data.rstrip(b"=") + b"=" * (-len(data.rstrip(b"=")) % 4))
