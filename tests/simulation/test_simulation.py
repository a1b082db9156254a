"""The coordinator under simulated faults: histories from seeds, and planted bugs that they have to find."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.bugs import BUGS
from simulation.faults import KINDS
from simulation.history import play
from simulation.lies import CHARACTERS
from simulation.stretches import EARLY, OPENING, check, opening

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
    from simulation.__main__ import main
    from simulation.bugs import signs_no_tickets

    with monkeypatch.context() as patch:
        signs_no_tickets(patch)
        patch.setattr(sys, "argv", ["simulation", "--seeds", "0..1"])
        assert main() == 1
    told = capsys.readouterr().out
    assert "Replay: PYTHONPATH=.:tests python -m simulation --seeds 0..0 --trace" in told
    assert "not signed by the coordinator" in told
