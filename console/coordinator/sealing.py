"""The coordinator's secrets, all derived from its identity key, and what is sealed with them."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_MILLION = 1_000_000


class SealError(Exception):
    """Sealed bytes that do not open: another key, another name, or damage."""


class Secrets:
    """Keys for sealing and for the audit draw; a node can know none of them."""

    def __init__(self, seed: bytes) -> None:
        """`seed`: the 32 secret bytes of the coordinator's identity."""
        self._sealing = ChaCha20Poly1305(_derive(seed, b"quarterdeck/seal/v1"))
        self._audit = _derive(seed, b"quarterdeck/audit/v1")

    def seal(self, name: str, plain: bytes, nonce: bytes) -> bytes:
        """Encrypt `plain` under `name`, which has to be given again to open it; `nonce`: 12 fresh bytes."""
        return nonce + self._sealing.encrypt(nonce, plain, name.encode())

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under `name`. Raises SealError."""
        try:
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError(f"{name} does not open with this coordinator's key") from error

    def audited(self, job: str, attempt: int, rate_ppm: int) -> bool:
        """Whether the answer is drawn for an audit: a function of the job that only the key's owner knows."""
        mac = hmac.new(self._audit, f"{job}:{attempt}".encode(), hashlib.sha256).digest()
        return int.from_bytes(mac[:8], "big") * _MILLION >> 64 < rate_ppm


def _derive(seed: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(seed)
