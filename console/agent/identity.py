"""Who this node is: an Ed25519 seed in a file that only its owner can read."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from console.agent.trouble import AgentError
from console.protocol.keys import SigningKey

FILE = "identity.key"
SEED_BYTES = 32
_MAGIC = b"quarterdeck-identity/v1\n"
_SALT_BYTES, _NONCE_BYTES = 16, 12


class Identity:
    """The node's key and what is derived from it."""

    def __init__(self, seed: bytes, path: Path) -> None:
        """`seed`: 32 secret bytes, as stored at `path`."""
        self.key = SigningKey(seed)
        self.path = path
        self._seed = seed

    def sealing_key(self) -> bytes:
        """32 bytes with which the journal seals results; of no use for signing."""
        return HKDF(SHA256(), 32, salt=None, info=b"quarterdeck/journal-seal/v1").derive(self._seed)

    def exported(self, passphrase: str) -> bytes:
        """The seed under a passphrase (scrypt, n = 2¹⁵), to be kept somewhere safe."""
        salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
        sealed = ChaCha20Poly1305(_stretched(passphrase, salt)).encrypt(nonce, self._seed, _MAGIC)
        return _MAGIC + salt + nonce + sealed


def load_or_create(home: Path) -> Identity:
    """The identity of `home`, made on first use.

    Raises:
        AgentError: the file is damaged, or open to others, or cannot be read or written.
    """
    path = home / FILE
    try:
        return _load(path)
    except FileNotFoundError:
        return _create(path)
    except OSError as error:
        raise AgentError(
            f"The node's key {path} cannot be read ({error.strerror}). Without it the node has no identity "
            "and no earnings; give yourself read access to it, or restore it from a backup."
        ) from error


def machine_digest() -> str:
    """Digest of stable machine facts, so that one machine under two ids can be found; 64 hex digits."""
    facts = []
    for name in ("/etc/machine-id", "/sys/class/dmi/id/product_uuid"):
        try:
            facts.append(Path(name).read_text().strip())
        except OSError:
            facts.append("")
    facts.append(os.uname().nodename)
    return hashlib.sha256("\0".join(("quarterdeck/machine/v1", *facts)).encode()).hexdigest()


def _load(path: Path) -> Identity:
    seed = path.read_bytes()
    if path.stat().st_mode & 0o077:
        raise AgentError(
            f"The node's key {path} can be read by others, who could then sign as this node. "
            f"If you trust everybody who had access, run `chmod 600 {path}`; else remove it for a new one."
        )
    if len(seed) != SEED_BYTES:
        raise AgentError(
            f"The node's key {path} is damaged: {len(seed)} bytes instead of {SEED_BYTES}. "
            "Restore it from a backup; removing it makes a new node that owns none of the old one's earnings."
        )
    return Identity(seed, path)


def _create(path: Path) -> Identity:
    seed = secrets.token_bytes(SEED_BYTES)
    partial = path.with_suffix(".new")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(seed)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise AgentError(
            f"The node's key cannot be written to {path} ({error.strerror}), so the node has no identity. "
            "Make room there, or choose another folder with --home."
        ) from error
    return Identity(seed, path)


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
