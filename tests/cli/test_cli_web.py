"""`quarterdeck web`: loopback only, its own page only, and a sentence when the extra is missing."""

from __future__ import annotations

import shlex
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from console.cli import quarterdeck
from console.cli.web import console_command, is_loopback, is_own

ADDRESS = "127.0.0.1:8930"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.1"])
def test_this_machine_alone_is_served(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "", "localhost.example.org"])
def test_an_address_that_others_reach_is_refused(host: str) -> None:
    assert not is_loopback(host)
    done = CliRunner().invoke(quarterdeck, ["web", "--host", host])
    assert done.exit_code == 2 and "ssh -L" in done.stderr


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    done = CliRunner().invoke(quarterdeck, ["web"])
    assert done.exit_code == 1 and "Traceback" not in done.stderr
    assert ".venv/bin/python -m pip install -e '.[web]'" in done.stderr


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"Host": ADDRESS}, True),
        ({"Host": "localhost:8930", "Origin": "http://localhost:8930"}, True),
        ({"Host": ADDRESS, "Origin": f"http://{ADDRESS}"}, True),
        ({"Host": ADDRESS, "Origin": "http://evil.example"}, False),
        ({"Host": ADDRESS, "Origin": "http://127.0.0.1:9999"}, False),
        ({"Host": ADDRESS, "Origin": "null"}, False),
        ({"Host": ADDRESS, "Origin": f"http://evil.example/{ADDRESS}"}, False),
        ({"Host": "rebound.example:8930"}, False),
        ({}, False),
    ],
)
def test_no_other_sites_page_can_drive_the_node(headers: dict[str, str], own: bool) -> None:
    assert is_own(headers, ADDRESS) is own


def test_the_options_before_web_reach_every_page() -> None:
    outer = {"home": "/a b/c", "theme": "beacon", "plain": True, "read_only": False}
    words = shlex.split(console_command(outer, read_only=True))
    assert words == [sys.executable, "-m", "console", "--home", "/a b/c", "--theme", "beacon", "--read-only"]


@given(st.text(max_size=30))
def test_no_name_of_a_folder_becomes_a_command(name: str) -> None:
    words = shlex.split(console_command({"home": name}, read_only=False))
    assert words[3:] == (["--home", name] if name else [])
