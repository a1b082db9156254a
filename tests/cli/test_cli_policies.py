"""`pause`, `resume`, `drain`: what is asked of the agent for what was typed, and which words are refused."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from console.cli import policies
from console.control.moments import LONGEST_MS, next_ms
from console.control.wire import Answer

NOW = 1_790_000_000_000


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the agent was asked."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def question(home: object, name: str, args: dict[str, Any]) -> Answer:
        seen.append((name, args))
        return Answer("", True, "Said.")

    monkeypatch.setattr(policies, "question", question)
    monkeypatch.setattr(policies, "operator", lambda: "ada")
    monkeypatch.setattr(policies, "_now_ms", lambda: NOW)
    return seen


@pytest.mark.parametrize(
    ("command", "words", "args"),
    [
        ("pause", (), {}),
        ("pause", ("--for", "2h30m"), {"until_ms": NOW + 9_000_000}),
        ("pause", ("--until", "08:00"), {"until_ms": next_ms(8, 0, NOW)}),
        ("drain", (), {}),
        ("drain", ("--by", "08:00"), {"until_ms": next_ms(8, 0, NOW)}),
        ("resume", (), {}),
    ],
)
def test_what_is_typed_is_what_is_asked(
    asked: list[tuple[str, dict[str, Any]]], command: str, words: tuple[str, ...], args: dict[str, Any]
) -> None:
    done = CliRunner().invoke(getattr(policies, command), list(words))
    assert (done.exit_code, done.stdout.strip()) == (0, "Said.")
    assert asked == [(command, {"by": "ada", **args})]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "soon"), "2h30m"),
        (("--for", "0h"), "no length"),
        (("--until", "25:00"), "no time"),
        (("--until", "2020-01-01T08:00"), "passed"),
        (("--for", "1h", "--until", "08:00"), "not both"),
    ],
)
def test_wrong_words_end_with_2_and_say_what_would_be_right(
    asked: list[tuple[str, dict[str, Any]]], words: tuple[str, ...], said: str
) -> None:
    done = CliRunner().invoke(policies.pause, list(words))
    assert (done.exit_code, done.stdout, asked) == (2, "", [])
    assert said in done.stderr


@given(st.text(max_size=30) | st.none(), st.text(max_size=30) | st.none(), st.integers(NOW, NOW + LONGEST_MS))
def test_no_words_whatever_name_a_time_in_the_past(
    length: str | None, moment: str | None, now_ms: int
) -> None:
    try:
        until_ms = policies.named_ms(length, moment, now_ms)
    except click.UsageError as error:
        assert error.exit_code == 2
    else:
        assert now_ms < until_ms <= now_ms + LONGEST_MS or (length is moment is None and until_ms == 0)
