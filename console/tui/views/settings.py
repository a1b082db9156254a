"""Settings, one a row, and all about the chosen one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.settings.config import Config
from console.settings.schema import TAKES_WORDS, Setting
from console.settings.values import default_of, value_in, written
from console.tui.rows import Row, Span, fit, row, text_fit, wrap
from console.tui.views.frame import Frame, framed

SECTION_WORDS = {
    "node": "Node", "engine": "Engine", "screen": "Screen", "power": "Power", "notify": "Calls",
}  # fmt: skip
TITLE_WIDTH, SECTION_WIDTH = 24, 8
WIDE, EXPLAINED_AT = 100, 62
"""From this width on every setting is explained beside its value."""


def listing(listed: Sequence[Setting], config: Config, frame: Frame, locked: bool) -> list[Row]:
    """The settings from `frame.top` on; `locked`: those of the node are another's to change."""
    content: list[Row] = []
    for index in range(frame.top, min(len(listed), frame.top + frame.inner_height)):
        before = listed[index - 1].section if index else ""
        content.append(_row(listed[index], before, config, frame, index == frame.cursor, locked))
    return framed("Settings", content, frame)


def _row(setting: Setting, before: str, config: Config, frame: Frame, chosen: bool, locked: bool) -> Row:
    value = value_in(config, setting)
    own = value != default_of(setting)
    section = SECTION_WORDS[setting.section] if setting.section != before else ""
    grey = locked and setting.section != "screen"
    spans = row(
        ("▸ " if chosen else "  ", "accent"),
        (text_fit(section, SECTION_WIDTH), "title"),
        (text_fit(setting.title, TITLE_WIDTH), "dim" if grey else "text"),
        ("● " if own else "  ", "accent"),
        (written(value), "dim" if grey else "strong" if own else "text"),
    )
    if frame.inner_width >= WIDE:
        spans = (*fit(spans, EXPLAINED_AT), *row((setting.explanation, "dim")))
    line = fit(spans, frame.inner_width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def about(setting: Setting, config: Config, path: str, frame: Frame, locked: bool) -> list[Row]:
    """What it is for, its default, when a change takes effect, and where it is written."""
    wide = frame.inner_width - 2
    rows = [row((f" {line}", "strong")) for line in wrap(setting.explanation, wide, 2)]
    default = f"Default: {written(default_of(setting))}. A change {TAKES_WORDS[setting.takes]}."
    if locked and setting.section != "screen":
        default = "A practice run sets this for its nodes; it is your own node's setting that stands here."
    rows += [row((f" {line}", "text")) for line in wrap(default, wide, 2)]
    rows += [row((f" {setting.name} in {path}", "dim"))]
    return framed(setting.title, rows, frame)


def trouble(sentence: str, frame: Frame) -> list[Row]:
    """Why nothing can be changed here."""
    rows = [row((f" {line}", "bad" if at == 0 else "text")) for at, line in enumerate(
        wrap(sentence, frame.inner_width - 2, max(1, frame.inner_height))
    )]  # fmt: skip
    return framed("The configuration cannot be used", rows, frame)
