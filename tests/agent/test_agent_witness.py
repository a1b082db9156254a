"""The node keeps what it is shown of the draws, sparingly, and hands it out by epoch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.agent.journal import Journal, JournalError, witnessed
from console.agent.witness import RECEIPT_BYTES, TOGETHER, WAITING_MOST, Witness
from console.control.wire import Command
from console.control.witnessed import KeptEvidence
from console.fairness.own import Witnessed
from console.protocol.ids import GroupId, NodeId
from console.protocol.messages import Presence, Surroundings

COORDINATOR, ROOT = "cc" * 32, "ab" * 32


def presence(slot: int, root: str = ROOT) -> Presence:
    bare = Presence(slot, GroupId("aa"), root, 4, True, None, 0, 0, 0, 0, 0, 0, "sig")
    return msgspec.structs.replace(bare, around=Surroundings())


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    made = Journal(tmp_path, b"k" * 32)
    await made.open()
    yield made
    await made.close()


def witness_of(journal: Journal, context: int = 2048) -> Witness:
    return Witness(journal, NodeId("dd" * 32), lambda: context)


async def asked(witness: Witness, epoch: int = 3, first: int = 0, last: int = 99) -> Witnessed:
    spans = {"epoch": epoch, "first_slot": first, "last_slot": last, "since_ms": 0, "until_ms": 9}
    answer = await witness.answer(Command("1", "witnessed", spans))
    assert answer.ok
    return msgspec.json.decode(answer.result, type=Witnessed)


async def test_receipts_and_commitments_are_there_after_a_restart(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    for slot in range(TOGETHER + 2):
        await witness.saw(presence(slot))
    await witness.flush()
    again = witness_of(journal)
    await again.told(COORDINATOR, 4, "cd" * 32)
    found = await asked(again, first=5, last=7)
    assert [one.slot for one in found.presences] == [5, 6, 7]
    assert all(one.around is None for one in found.presences), "what is of the moment only is not kept"
    assert found.commitments == {3: ROOT, 4: "cd" * 32}
    assert (found.node, found.coordinator, found.context) == ("dd" * 32, COORDINATOR, 2048)


async def test_it_says_how_much_it_keeps_when_that_is_on_the_disk(journal: Journal) -> None:
    witness, told = witness_of(journal), list[KeptEvidence]()
    witness.on_kept = told.append
    await witness.told(COORDINATOR, 3, ROOT)
    assert told == [KeptEvidence(0, 0, 0, 1, 3, 3)]
    for slot in range(5, 5 + TOGETHER):
        await witness.saw(presence(slot))
    assert told[1:] == [KeptEvidence(TOGETHER, 5, 4 + TOGETHER, 1, 3, 3)], (
        "once for all that is written at once"
    )
    await witness.told("ee" * 32, 9, ROOT)
    assert told[-1] == KeptEvidence(0, 0, 0, 1, 9, 9), "of this coordinator alone"


async def test_a_larger_model_says_nothing_of_the_epochs_before_it(journal: Journal) -> None:
    """Else a coordinator that left out a node of 2,048 tokens would be accused as soon as it has 8,192."""
    await witness_of(journal).told(COORDINATOR, 3, ROOT)
    witness = witness_of(journal, 8192)
    assert (await asked(witness)).context == 0, "before the first sign-in, whose network it is is not known"
    await witness.told(COORDINATOR, 4, ROOT)
    contexts = [(await asked(witness, epoch)).context for epoch in (2, 3, 4)]
    assert contexts == [0, 2048, 8192]
    await witness_of(journal, 1024).told(COORDINATOR, 4, ROOT)
    await witness.told(COORDINATOR, 4, ROOT)
    assert (await asked(witness, 4)).context == 1024, "the smallest that was offered in the epoch"
    await witness_of(journal, 0).told(COORDINATOR, 5, ROOT)
    await witness.told(COORDINATOR, 5, ROOT)
    assert (await asked(witness, 5)).context == 0


async def test_what_was_told_first_of_an_epoch_stands(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.told(COORDINATOR, 3, "00" * 32)
    assert (await asked(witness)).commitments == {3: ROOT}


async def test_receipts_that_wait_are_in_the_answer_and_those_that_contradict_are_both(
    journal: Journal,
) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.saw(presence(8))
    await witness.saw(presence(8, "ff" * 32))
    await witness.saw(presence(8))
    assert [one.roster_root for one in (await asked(witness)).presences] == [ROOT, "ff" * 32]
    await witness.saw(presence(8, "ee" * 32))
    assert [one.roster_root for one in (await asked(witness)).presences] == [ROOT, "ff" * 32, "ee" * 32]


async def test_another_coordinator_is_another_matter(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.saw(presence(1))
    await witness.told("ee" * 32, 1, ROOT)
    found = await asked(witness)
    assert (found.presences, found.commitments) == ((), {1: ROOT})


async def test_evidence_gives_way_by_its_arrival_whatever_numbers_a_coordinator_names(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnessed, "RECEIPTS_KEPT", 3)
    monkeypatch.setattr(witnessed, "COMMITMENTS_KEPT", 3)
    witness = witness_of(journal)
    for epoch in (1, 2**53 - 1, 2):
        await witness.told(COORDINATOR, epoch, ROOT)
    for slot in (10, 2**53 - 1, 11):
        await witness.saw(presence(slot))
    found = await asked(witness, last=2**53 - 1)
    assert list(found.commitments) == [1, 2**53 - 1, 2]
    assert [one.slot for one in (await asked(witness)).presences] == [10, 11]
    await witness.told("ee" * 32, 9, ROOT)
    await witness.saw(presence(7))
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.saw(presence(12))
    found = await asked(witness)
    assert list(found.commitments) == [2**53 - 1, 2, 3], "what came first goes first"
    assert [one.slot for one in found.presences] == [11, 12]


async def test_what_could_not_be_written_waits_on(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    put = journal.witnessed.put_presences

    async def full(*_: object) -> None:
        raise JournalError("The disk is full.")

    monkeypatch.setattr(journal.witnessed, "put_presences", full)
    refused = 0
    for slot in range(WAITING_MOST + 1):
        try:
            await witness.saw(presence(slot))
        except JournalError:
            refused += 1
    assert refused == WAITING_MOST // TOGETHER, "once for each minute of receipts, not at each"
    await witness.told("ee" * 32, 3, ROOT)
    await witness.told(COORDINATOR, 4, ROOT)
    monkeypatch.setattr(journal.witnessed, "put_presences", put)
    found = await asked(witness, last=WAITING_MOST)
    assert [one.slot for one in found.presences] == list(range(1, WAITING_MOST + 1))


@pytest.mark.parametrize("slot", [-1, 2**53, 2**80])
async def test_rubbish_is_not_kept_and_hurts_nobody(journal: Journal, slot: int) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, slot, ROOT)
    await witness.told(COORDINATOR, 3, "x" * 5000)
    await witness.saw(presence(slot))
    await witness.saw(presence(5, "y" * RECEIPT_BYTES))
    found = await asked(witness)
    assert (found.presences, found.commitments) == ((), {})
    refused = await witness.answer(Command("1", "witnessed", {"epoch": 2**80}))
    assert not refused.ok
