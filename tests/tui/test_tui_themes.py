"""Themes: read, checked, legible to everyone, and taken in while the console runs."""

from __future__ import annotations

import os
from itertools import combinations, product
from pathlib import Path
from typing import Any, get_args

import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.outcomes import toasts
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem

from console.settings import contrast
from console.settings.config import ScreenConfig
from console.settings.theme_file import FILE_BYTES_LIMIT, Colours, ThemeError, ThemeFile, parse_theme
from console.settings.themes import find_theme, read_theme, read_themes, shipped_folder, suited
from console.tui.rows import Role
from console.tui.themes import Look

SHIPPED = read_themes((shipped_folder(),))[0]
OURS = [theme for theme in SHIPPED.values() if not theme.native]
NATIVE = [theme for theme in SHIPPED.values() if theme.native]
COMPACT = (80, 24)
LANTERN = (shipped_folder() / "lantern.toml").read_text()

Light = tuple[float, float, float]
VISION: dict[str, tuple[Light, Light, Light]] = {
    # Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
XTERM = {
    "black": (0, 0, 0), "red": (205, 0, 0), "green": (0, 205, 0), "yellow": (205, 205, 0),
    "blue": (0, 0, 238), "magenta": (205, 0, 205), "cyan": (0, 205, 205), "white": (229, 229, 229),
    "bright_red": (255, 0, 0),
}  # fmt: skip
"""xterm's own palette, the colours behind the names that native themes use."""


def hexed(theme: ThemeFile, key: str) -> contrast.RGB:
    return contrast.rgb(getattr(theme.colours, key))


def seen_by(colour: contrast.RGB, kind: str) -> Light:
    """The colour in CIE L*a*b* as somebody of that vision sees it."""
    light = [contrast.linear(part) for part in colour]
    r, g, b = (
        min(1.0, max(0.0, sum(a * c for a, c in zip(row, light, strict=True)))) for row in VISION[kind]
    )
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: contrast.RGB, other: contrast.RGB, kind: str) -> float:
    """Distance (CIE76); 2 is just seen, 20 cannot be missed."""
    pairs = zip(seen_by(one, kind), seen_by(other, kind), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def test_there_is_a_theme_for_every_eye_and_terminal() -> None:
    assert {"lantern", "chart", "beacon", "semaphore", "terminal", "terminal-light"} <= set(SHIPPED)
    assert {theme.dark for theme in OURS} == {theme.dark for theme in NATIVE} == {True, False}
    for theme in SHIPPED.values():
        assert (shipped_folder() / f"{theme.name}.toml").is_file() and theme.about.endswith(".")
        assert len(theme.about) <= 90


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_every_shipped_theme_can_be_read(theme: ThemeFile) -> None:
    assert contrast.weak_pairs(theme) == []
    assert not contrast.says_wrong_ground(theme)
    assert contrast.ratio(hexed(theme, "dim"), hexed(theme, "back")) >= 4.5


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_what_is_really_drawn_can_be_read(theme: ThemeFile) -> None:
    """Not the keys of the file but the styles: every role that carries words, also in 256 colours."""
    look = Look(theme)
    for role in get_args(Role):
        style = look.style(role)
        least = 3.0 if role in ("dim", "bar_dim", "bar") else 0.0 if role in ("rule", "track") else 4.5
        assert style.color is not None and style.bgcolor is not None
        for system in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT):
            ink, ground = (
                Color.parse(str(part.downgrade(system).get_truecolor().hex)).get_truecolor()
                for part in (style.color, style.bgcolor)
            )
            assert contrast.ratio(tuple(ink), tuple(ground)) >= least * (0.85 if system != 3 else 1), role


def test_high_contrast_means_triple_a() -> None:
    theme = SHIPPED["beacon"]
    for pair in contrast.PAIRS:
        ratio = contrast.ratio(hexed(theme, pair.ink), hexed(theme, pair.ground))
        assert ratio >= 7.0, pair
    assert contrast.ratio(hexed(theme, "rule"), hexed(theme, "back")) >= 4.5


@pytest.mark.parametrize("kind", VISION)
def test_no_kind_of_colour_vision_takes_good_news_for_bad(kind: str) -> None:
    theme = SHIPPED["semaphore"]
    for one, other in combinations(("good", "warn", "bad"), 2):
        assert apart(hexed(theme, one), hexed(theme, other), kind) >= 35, (one, other)


def test_the_simulation_sees_the_classical_confusion() -> None:
    """Else the test above would prove nothing: red and green of one lightness are one to a deuteranope."""
    red, green = (190, 60, 40), (112, 112, 30)
    assert apart(red, green, "deuteranopia") < 12 < 35 < apart(red, green, "tritanopia")


@pytest.mark.parametrize("theme", NATIVE, ids=lambda theme: theme.name)
def test_native_inks_can_be_read_in_the_commonest_palette(theme: ThemeFile) -> None:
    ground = (0, 0, 0) if theme.dark else (255, 255, 255)
    for key in ("text", "title", "accent", "good", "warn", "bad", "chart"):
        ink = getattr(theme.colours, key)
        if ink != "default":
            assert contrast.ratio(XTERM[ink], ground) >= 4.5, key


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('"#f2b04c"', '"mauveish"', "colours.accent", "mauveish is no colour"),
        ('"#f2b04c"', '"cyan"', "colours.accent", "no colour"),
        ("accent =", "acent =", "colours.acent", "not a key"),
        ("dark = true", "dark = 1", "dark", "neither true nor false"),
        ("dark = true", "native = true", "colours.back", "no colour of a terminal"),
        ('"lantern"', '"No Name"', "name", "no theme's name"),
        ("name =", "nam =", "nam", "not a key"),
        ("[colours]", "[colors]", "colors", "not a key"),
        ("[colours]", "[colours", "", "not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_a_remedy(old: str, new: str, key: str, words: str) -> None:
    assert old in LANTERN
    with pytest.raises(ThemeError) as raised:
        parse_theme(LANTERN.replace(old, new).encode(), "mine.toml")
    found = {problem.key: problem for problem in raised.value.problems}
    assert words in found[key].text and found[key].remedy
    assert str(raised.value).startswith("mine.toml: ")


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text("# " + "x" * FILE_BYTES_LIMIT)
    with pytest.raises(ThemeError, match="too large"):
        read_theme(path)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_no_file_whatever_ends_the_console(data: bytes) -> None:
    with pytest.raises(ThemeError):
        parse_theme(data, "some.toml")


KEYS = Colours.__struct_fields__


@given(st.lists(st.sampled_from([*KEYS, "other"]), unique=True), st.sampled_from(["#12ab34", "red", "faint"]))
def test_a_theme_is_sound_exactly_when_all_its_colours_are(keys: list[str], ink: str) -> None:
    lines = "".join(f'{key} = "{ink}"\n' for key in keys)
    text = f'name = "x"\nabout = "y"\n[colours]\n{lines}'
    if set(keys) == set(KEYS) and ink.startswith("#"):
        assert parse_theme(text.encode(), "x.toml").colours.back == ink
    else:
        with pytest.raises(ThemeError):
            parse_theme(text.encode(), "x.toml")


@pytest.mark.parametrize(
    ("wanted", "ground", "worn"),
    [
        ("", None, "terminal"),
        ("", False, "terminal-light"),
        ("lantern", None, "terminal"),
        ("chart", None, "terminal-light"),
        ("chart", True, "terminal"),
        ("terminal-light", True, "terminal-light"),
        ("no-such", None, "terminal"),
    ],
)
def test_sixteen_colours_wear_the_terminals_own(wanted: str, ground: bool | None, worn: str) -> None:
    folders = (shipped_folder(),)
    assert suited(wanted, few_colours=True, dark_ground=ground, folders=folders) == worn
    assert suited(wanted, few_colours=False, dark_ground=ground, folders=folders) == wanted


def test_the_operators_theme_goes_before_a_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "other-name.toml").write_text(LANTERN.replace("#f2b04c", "#ff0000"))
    found = find_theme("lantern", (shipped_folder(), tmp_path))
    assert found is not None and found == read_themes((shipped_folder(), tmp_path))[0]["lantern"]
    assert find_theme("../../etc/passwd", (tmp_path,)) is None


def write(path: Path, text: str, at_s: int) -> None:
    """Write with a time of its own, so that no two writes look the same."""
    path.write_text(text)
    os.utime(path, (at_s, at_s))


def drawn_colours(app: Any) -> set[str]:
    strips = app.screen._compositor.render_strips(app.screen.size)
    return {s.style.color.name for strip in strips for s in strip if s.style and s.style.color}


async def test_a_theme_that_is_edited_is_repainted_and_a_broken_edit_keeps_the_last_good_look(
    tmp_path: Path,
) -> None:
    mine = tmp_path / "mine.toml"
    text = LANTERN.replace('"lantern"', '"mine"')
    write(mine, text, 1)
    app = console_on("earning", ScreenConfig(theme="mine"), theme_folders=(tmp_path,))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "#f2b04c" in drawn_colours(app)
        write(mine, text.replace("#f2b04c", "#12ff34"), 2)
        app.wardrobe.look_again()
        await pilot.pause()
        assert "#12ff34" in drawn_colours(app) and "#f2b04c" not in drawn_colours(app)
        assert app.theme_variables["accent"].lower() == "#12ff34"
        write(mine, "name = ", 3)
        for _ in range(3):
            app.wardrobe.look_again()
        await pilot.pause()
        assert "#12ff34" in drawn_colours(app)
        assert len(app._notifications) == 1 and "mine.toml: not TOML" in toasts(app)
        write(mine, "name = 3", 4)
        app.wardrobe.look_again()
        await pilot.pause()
        assert len(app._notifications) == 2
        mine.unlink()
        app.wardrobe.look_again()
        await pilot.press("t")
        assert app.look.theme.name in SHIPPED and "mine" not in app.wardrobe.themes


async def test_a_new_file_is_a_new_theme_and_an_unchanged_one_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console_on("earning", theme_folders=(tmp_path,))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        read: list[str] = []
        monkeypatch.setattr("console.tui.look.read_theme", lambda p: (read.append(p.name), read_theme(p))[1])
        write(tmp_path / "new.toml", LANTERN.replace('"lantern"', '"new"'), 1)
        app.wardrobe.look_again()
        app.wardrobe.look_again()
        assert read == ["new.toml"] and "new" in app.wardrobe.themes


async def test_a_theme_that_is_not_there_is_named_and_the_shipped_one_is_worn(tmp_path: Path) -> None:
    app = console_on("earning", ScreenConfig(theme="gone"), theme_folders=(tmp_path / "no-folder",))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "no theme 'gone'" in toasts(app) and app.look.theme.name == "lantern"


@pytest.mark.parametrize(("name", "glyph"), product(sorted(SHIPPED), ["●"]))
async def test_every_theme_says_its_state_in_words_and_glyph(name: str, glyph: str) -> None:
    app = console_on("earning", ScreenConfig(theme=name))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert f"{glyph} EARNING" in text_of(app) and app.look.theme.name == name
