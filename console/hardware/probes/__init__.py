"""The child side: each module asks one source and returns its raw answer as plain JSON types.

A probe may crash, hang or print: nobody but `console.hardware.probe` calls it outside of tests. Sources
under `/sys` and `/proc` are read below a `root` argument, so that recorded trees can stand in for them.

May not enter: judgement. A probe reports what was said; `console.hardware.judge` decides what is true.
"""

from __future__ import annotations

Raw = dict[str, object]
"""A raw answer: strings, numbers, booleans, None, and lists and dicts of them."""
