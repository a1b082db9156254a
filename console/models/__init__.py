"""Weights: what a model file is, whether it is the one we mean, whether it fits here, and how to get it.

A GGUF file is hostile input: it is read by a bounded reader of our own, and nothing here imports llama_cpp.
What may not enter: generation, the network's protocol, anything that draws.
"""

from console.models.catalogue import CATALOGUE, STARTER, CatalogueEntry, find_entry
from console.models.errors import GgufError, ModelError
from console.models.fetching import fetch
from console.models.gguf import GgufInfo, read_gguf
from console.models.gguf_reader import GgufLimits
from console.models.hashing import Progress, sha256_file
from console.models.memory import Fit, fits, memory_needed
from console.models.verified import verified_path, verify_file

__all__ = [
    "CATALOGUE",
    "STARTER",
    "CatalogueEntry",
    "Fit",
    "GgufError",
    "GgufInfo",
    "GgufLimits",
    "ModelError",
    "Progress",
    "fetch",
    "find_entry",
    "fits",
    "memory_needed",
    "read_gguf",
    "sha256_file",
    "verified_path",
    "verify_file",
]
