"""States as plain data for programs, every key in its place.

On the wire a value that is the default is left out; a program that reads `--json` must not have to know
defaults.
"""

from __future__ import annotations

from typing import Any

import msgspec


def written_out(value: object) -> Any:
    """`value` as dictionaries, lists, strings and numbers, with all fields of all structs."""
    if isinstance(value, msgspec.Struct):
        return {name: written_out(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (list, tuple)):
        return [written_out(item) for item in value]
    if isinstance(value, dict):
        return {str(key): written_out(item) for key, item in value.items()}
    return msgspec.to_builtins(value)
