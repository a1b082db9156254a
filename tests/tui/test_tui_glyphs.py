"""Every glyph that is drawn has an ASCII character that stands for it, of the same width."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import console
from console.settings.terminal import ASCII_GLYPHS
from console.tui.rows import Span, clean, to_ascii

ROOT = Path(console.__file__).parent
WORDS = [ROOT / "ledger" / "figures.py", ROOT / "protocol" / "reasons.py"]
DRAWN = sorted([*(ROOT / "tui").rglob("*.py"), *WORDS])


def shown_texts(tree: ast.AST, *, documented: bool = False) -> Iterator[str]:
    """String literals, without the patterns of regular expressions, and without docstrings where they are not
    shown: a command's docstring is its explanation."""
    documentation: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and not documented:
            documentation.add(id(node.value))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile":
            documentation.update(id(part) for part in ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_glyph_has_its_stand_in(path: Path) -> None:
    texts = shown_texts(ast.parse(path.read_text()), documented=path.parent.name == "commands")
    glyphs = {char for text in texts for char in text if not char.isascii() and not char.isspace()}
    assert glyphs <= set(ASCII_GLYPHS), f"no ASCII stand-in for {sorted(glyphs - set(ASCII_GLYPHS))}"


def test_the_scan_sees_what_is_drawn() -> None:
    """Else the test above would prove nothing."""
    source = 'x = "▂"  # ▃\n"""▄"""\nre.compile("▅")\ny = f"{x} ▆"\n'
    assert "".join(shown_texts(ast.parse(source))) == "▂ ▆"
    assert any("▸" in text for path in DRAWN for text in shown_texts(ast.parse(path.read_text())))


@pytest.mark.parametrize("glyph", sorted(ASCII_GLYPHS))
def test_a_stand_in_takes_the_same_room_and_a_glyph_survives_cleaning(glyph: str) -> None:
    stand_in = ASCII_GLYPHS[glyph]
    assert stand_in.isascii() and stand_in.isprintable() and len(stand_in) == cell_len(glyph) == 1
    assert clean(glyph) == glyph


@given(st.text(max_size=40).map(clean))
def test_ascii_rows_are_as_wide_as_before(text: str) -> None:
    (span,) = to_ascii((Span(text, "text"),))
    assert span.text.isascii() and len(span.text) == cell_len(text)
