"""The coordinator under simulated faults: histories from seeds, and planted bugs that they have to find."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.__main__ import main
from simulation.bugs import BUGS, signs_no_tickets
from simulation.faults import KINDS
from simulation.history import play
from simulation.host import Host
from simulation.lies import CHARACTERS
from simulation.network import LineBrokenError
from simulation.night import HISTORIES, fresh_seed, spend
from simulation.stretches import EARLY, OPENING, check, opening
from simulation.transcript import Draws

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", EARLY)
def test_every_invariant_holds_in_every_history(first: int) -> None:
    check(first)


def test_histories_meet_every_fault_lie_and_ending() -> None:
    lines = [line.split() for seed in range(OPENING) for line in opening(seed).lines]
    faults = {words[2] for words in lines if words[1] == "fault"}
    assert faults == set(KINDS)
    deeds = {words[5] for words in lines if words[1] == "work"}
    assert deeds == {deed for character in CHARACTERS.values() for deed in character}
    states = {words[3] for words in lines if words[1] == "job"}
    assert {"SETTLED", "PENALISED", "FAILED", "CANCELLED"} < states
    attempts = {words[4] for words in lines if words[1] == "job" and words[3] == "SETTLED"}
    assert {"1", "2"} <= attempts
    assert {words[4] for words in lines if words[1] == "client"} >= {"200", "400", "401", "429", "502", "503"}


def test_a_seed_gives_the_same_history_again() -> None:
    for seed in range(20):
        first, second = play(seed), play(seed)
        assert first.lines == second.lines
        assert first.digest == second.digest
    assert play(1).digest != play(2).digest


def test_a_replay_in_another_process_gives_the_same_history() -> None:
    """Nothing may follow from where things lie in memory, or from how strings are hashed."""
    command = [sys.executable, "-m", "simulation", "--seeds", "3..5", "--trace"]
    told = [
        subprocess.run(
            command,
            env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    ]
    here = [play(seed) for seed in (3, 4, 5)]
    for output in told:
        assert [line for line in output.splitlines() if line.startswith("seed ")] == [
            f"seed {outcome.seed}: {outcome.digest}" for outcome in here
        ]


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = next((seed for seed in range(BUGS[plant]) if play(seed).complaints), None)
    assert found is not None, f"{plant.__name__} passed {BUGS[plant]} seeds"


def test_a_failing_seed_says_how_to_replay_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        signs_no_tickets(patch)
        patch.setattr(sys, "argv", ["simulation", "--seeds", "0..1"])
        assert main() == 1
    told = capsys.readouterr().out
    assert "Replay: PYTHONPATH=.:tests python -m simulation --seeds 0..0 --trace" in told
    assert "not signed by the coordinator" in told


def test_a_night_ends_with_a_line_to_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _night(monkeypatch, "60") == 0
    assert re.fullmatch(
        r"[-0-9]+ [0-9]+:[0-9]+ UTC: 60 histories from seed 7 on, 0 failed, [.0-9]+ min, 1 processes\.",
        capsys.readouterr().out.splitlines()[-1],
    )


def test_a_night_says_of_each_failure_how_to_replay_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signs_no_tickets(monkeypatch)
    assert _night(monkeypatch, "2") == 1
    told = capsys.readouterr().out
    for seed in (7, 8):
        assert f"PYTHONPATH=.:tests python -m simulation --seeds {seed}..{seed} --trace" in told
    assert "2 histories from seed 7 on, 2 failed" in told


def test_a_history_that_a_check_breaks_off_is_a_failure_of_the_night(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Draws, listable: set[str], died: bool) -> None:
        raise KeyError("roster")

    monkeypatch.setattr(Draws, "check", broken)
    assert _night(monkeypatch, "2") == 1
    told = capsys.readouterr().out
    assert "seed 7: broken off by KeyError('roster'). Replay: PYTHONPATH=.:tests python" in told
    assert "2 histories from seed 7 on, 2 failed" in told


def test_a_night_in_which_nothing_happens_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when nodes and coordinator no longer find each other: no invariant is broken then."""

    def unreachable(self: Host, line: object) -> None:
        raise LineBrokenError

    monkeypatch.setattr(Host, "dial", unreachable)
    assert _night(monkeypatch, "3") == 1
    assert "These histories test nothing: none of them has opening" in capsys.readouterr().out


def test_a_night_on_all_cores_is_that_on_one() -> None:
    one, two = spend(60, 7, 1), spend(60, 7, 2)
    assert (two.played, two.failed, two.counts) == (one.played, one.failed, one.counts)


def test_nights_begin_at_seeds_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = time.time()
    first = fresh_seed()
    monkeypatch.setattr(time, "time", lambda: now_s + 8 * 3600)
    assert fresh_seed() > first + HISTORIES


def test_a_night_may_begin_at_seed_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _night(monkeypatch, "1", "0")
    assert "1 histories from seed 0 on" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["--nightly 1 --trace", "--seeds 1 --from 1", "--seeds 1 --jobs 1"])
def test_what_goes_with_the_other_mode_is_wrong_usage(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["simulation", *words.split()])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2


def _night(monkeypatch: pytest.MonkeyPatch, histories: str, first: str = "7") -> int:
    command = ["simulation", "--nightly", histories, "--from", first, "--jobs", "1"]
    monkeypatch.setattr(sys, "argv", command)
    return main()
