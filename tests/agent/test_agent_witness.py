"""The node keeps what it is shown of the draws, sparingly, and hands it out by epoch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.agent.journal import Journal
from console.agent.journal.witnessed import COMMITMENTS_KEPT, RECEIPTS_KEPT
from console.agent.witness import TOGETHER, Witness
from console.control.wire import Command
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


def witness_of(journal: Journal) -> Witness:
    return Witness(journal, NodeId("dd" * 32), lambda: 2048)


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


async def test_what_was_told_first_of_an_epoch_stands(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.told(COORDINATOR, 3, "00" * 32)
    assert (await asked(witness)).commitments == {3: ROOT}


async def test_receipts_that_wait_are_in_the_answer(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.saw(presence(8))
    await witness.saw(presence(8, "ff" * 32))
    assert [one.roster_root for one in (await asked(witness)).presences] == ["ff" * 32], "the slot's last one"


async def test_another_coordinator_is_another_matter(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 3, ROOT)
    await witness.saw(presence(1))
    await witness.told("ee" * 32, 1, ROOT)
    found = await asked(witness)
    assert (found.presences, found.commitments) == ((), {1: ROOT})


async def test_old_evidence_gives_way(journal: Journal) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, 1, ROOT)
    await witness.told(COORDINATOR, COMMITMENTS_KEPT + 1, ROOT)
    await witness.saw(presence(1))
    await witness.saw(presence(RECEIPTS_KEPT + 1))
    found = await asked(witness, last=RECEIPTS_KEPT + 1)
    assert list(found.commitments) == [COMMITMENTS_KEPT + 1]
    assert await journal.witnessed.presences(COORDINATOR, 0, 1 << 40) == found.presences
    assert [one.slot for one in found.presences] == [RECEIPTS_KEPT + 1]


@pytest.mark.parametrize("slot", [-1, 2**53, 2**80])
async def test_rubbish_is_not_kept_and_hurts_nobody(journal: Journal, slot: int) -> None:
    witness = witness_of(journal)
    await witness.told(COORDINATOR, slot, ROOT)
    await witness.told(COORDINATOR, 3, "x" * 5000)
    await witness.saw(presence(slot))
    await witness.saw(presence(5, "y" * 100_000))
    found = await asked(witness)
    assert (found.presences, found.commitments) == ((), {})
    refused = await witness.answer(Command("1", "witnessed", {"epoch": 2**80}))
    assert not refused.ok
