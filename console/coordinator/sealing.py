"""The coordinator's secrets, all derived from its identity key, and what is sealed with them."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from console.ledger.stated_accounts import client_nonce_message
from console.protocol.keys import SigningKey, sealing_public
from console.verification.windows import WINDOW, Windows, choose_windows

_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
"""RFC 9180, base mode. `encrypt` draws its own ephemeral key."""
_ONCE = bytes(12)
"""The nonce of a key that seals one body and no other."""
_NONCE_BYTES = 12
_MILLION = 1_000_000


class SealError(Exception):
    """Sealed bytes that do not open: another key, another name, or damage."""


class Envelope(msgspec.Struct, frozen=True):
    """A body sealed once, and its key sealed to each party."""

    keys: dict[str, bytes]
    """Party's id to the body's key, HPKE."""
    body: bytes


def seal_to(parties: tuple[str, ...], name: str, plain: bytes, key: bytes) -> bytes:
    """Seal `plain` under `name` so that each of `parties` can open it. `key`: 32 fresh bytes.

    A party whose id has no key to seal to is left out: a node may sign with an odd key, and harms itself.
    """
    keys: dict[str, bytes] = {}
    for party in parties:
        try:
            public = X25519PublicKey.from_public_bytes(sealing_public(party))
            keys[party] = _HPKE.encrypt(key, public, name.encode())
        except ValueError:
            continue
    body = ChaCha20Poly1305(key).encrypt(_ONCE, plain, name.encode())
    return msgspec.msgpack.encode(Envelope(keys, body))


def open_as(party: SigningKey, name: str, sealed: bytes) -> bytes:
    """What was sealed to `party`, among others, under `name`. Raises SealError."""
    try:
        envelope = msgspec.msgpack.decode(sealed, type=Envelope)
        private = X25519PrivateKey.from_private_bytes(party.sealing_private())
        key = _HPKE.decrypt(envelope.keys[party.node_id], private, name.encode())
        return ChaCha20Poly1305(key).decrypt(_ONCE, envelope.body, name.encode())
    except (InvalidTag, KeyError, ValueError, msgspec.MsgspecError) as error:
        raise SealError(f"{name} does not open with the key of {party.node_id[:6]}") from error


class Secrets:
    """Keys for sealing and for the audit draw; a node can know none of them."""

    def __init__(self, seed: bytes) -> None:
        """`seed`: the 32 secret bytes of the coordinator's identity."""
        self._sealing = ChaCha20Poly1305(_derive(seed, b"quarterdeck/seal/v1"))
        self._audit = _derive(seed, b"quarterdeck/audit/v1")
        self._windows = _derive(seed, b"quarterdeck/windows/v1")
        self._fingerprints = _derive(seed, b"quarterdeck/fingerprints/v1")
        self._accounts = _derive(seed, b"quarterdeck/accounts/v1")

    def seal(self, name: str, plain: bytes, nonce: bytes) -> bytes:
        """Encrypt `plain` under `name`, which has to be given again to open it; `nonce`: 12 fresh bytes."""
        return nonce + self._sealing.encrypt(nonce, plain, name.encode())

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under `name`. Raises SealError."""
        try:
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError(f"{name} does not open with this coordinator's key") from error

    def fingerprint(self, *parts: bytes) -> str:
        """A keyed hash, hex: tells equal things from unequal ones, and nobody can guess what they are."""
        mac = hmac.new(self._fingerprints, digestmod=hashlib.sha256)
        for part in parts:
            mac.update(hashlib.sha256(part).digest())
        return mac.hexdigest()

    def audited(self, job: str, attempt: int, rate_ppm: int) -> bool:
        """Whether the answer is drawn for an audit: a function of the job that only the key's owner knows."""
        mac = hmac.new(self._audit, f"{job}:{attempt}".encode(), hashlib.sha256).digest()
        return int.from_bytes(mac[:8], "big") * _MILLION >> 64 < rate_ppm

    def windows(self, job: str, attempt: int, tokens: int, positions: int) -> Windows:
        """Which positions of an answer are recomputed: about `positions`, drawn after the result has come."""
        if tokens <= positions:
            return ()
        return choose_windows(self._windows, f"{job}:{attempt}", tokens, max(WINDOW, positions))

    def client_nonce(self, client: str) -> str:
        """What a client's account is hidden with in public statements; told to that client alone. Hex."""
        return hmac.new(self._accounts, client_nonce_message(client), hashlib.sha256).hexdigest()


def _derive(seed: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(seed)
