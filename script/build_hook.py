"""Compiles `sampling.c` when Quarterdeck is installed or built. Without a compiler numpy does its work.

Run by itself it compiles in its own checkout: pip, when it is quiet, passes on no word of what a hook says.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("console/engine/process/sampling.c")
_FLAGS = ("-O3", "-fPIC", "-shared", "-ffp-contract=off")


class SamplingHook(BuildHookInterface[Any]):
    """hatchling finds this class by its base."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version`: `editable` or `standard`."""
        library = compile_in(Path(self.root))
        if library is not None and version == "standard":
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["force_include"][str(library)] = str(SOURCE.with_name(library.name))


def compile_in(root: Path) -> Path | None:
    """The library of the checkout `root`, made anew; None when that failed, with why on stderr."""
    source = root / SOURCE
    library = source.with_suffix(".dll" if platform.system() == "Windows" else ".so")
    problem = compile_library(source, library)
    if not problem:
        return library
    library.unlink(missing_ok=True)
    print(f"quarterdeck: {SOURCE.name} was not compiled ({problem}); numpy samples instead", file=sys.stderr)
    return None


def compile_library(source: Path, library: Path) -> str:
    """Why it could not be compiled; empty when it was. An engine that runs keeps the library that it has."""
    words = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if shutil.which(words[0]) is None:
        return f"no C compiler: {words[0]} was not found"
    new = library.with_name(f"{library.name}.{os.getpid()}")
    command = [*words, *_FLAGS, "-o", str(new), str(source), "-lm"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        new.unlink(missing_ok=True)
        return (ended.stderr.strip() or f"{words[0]} ended with {ended.returncode}").splitlines()[0]
    new.replace(library)
    return ""


if __name__ == "__main__":
    sys.exit(compile_in(Path(__file__).resolve().parents[1]) is None)
