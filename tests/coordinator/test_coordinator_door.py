"""Sign-in and hostile frames: each ends its own connection with a clear word, and nothing else."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coordinator_harness import CONFIG, LIMITS, FakeNode, Presence, Running, running, until
from websockets.asyncio.client import connect

from console.network.dialler import PASSING
from console.network.port import LinkError
from console.protocol.frames import peek_from_coordinator, seal
from console.protocol.keys import SigningKey
from console.protocol.messages import FRAME_BYTES_LIMIT, Challenge, Heartbeat, Refused, Welcome
from console.protocol.session_key import Ephemeral, SessionKey
from console.protocol.types import Assignment


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nonce": "00"}, "challenge_wrong"),
        ({"models": "many"}, "claims_out_of_bounds"),
    ],
)
async def test_sign_ins_that_are_refused(run: Running, changes: dict[str, Any], code: str) -> None:
    node = FakeNode(run, "reef")
    if "models" in changes:
        changes = {"models": (node.offer,) * 17}
    answer = await node.connect(**changes)
    assert isinstance(answer, Refused)
    assert answer.code == code
    assert answer.sentence.endswith(".") and answer.remedy
    assert run.coordinator.registry.sessions() == []
    await node.drop()


async def test_a_sign_in_in_another_nodes_name_is_refused(run: Running) -> None:
    node = FakeNode(run, "reef")
    answer = await node.connect(node=SigningKey(secrets.token_bytes(32)).node_id)
    assert isinstance(answer, Refused)
    await node.drop()


async def test_a_key_in_use_is_refused_until_its_session_is_dead(run: Running) -> None:
    first = await run.node()
    second = FakeNode(run, "twin", key=first.key)
    answer = await second.connect()
    assert isinstance(answer, Refused)
    assert answer.code == "duplicate_identity"
    assert "last seen 0 s ago" in answer.sentence
    await second.drop()
    await first.drop()
    await until(lambda: run.coordinator.registry.session(first.key.node_id) is None)
    assert isinstance(await second.connect(), Welcome)
    await second.drop()


async def test_a_silent_node_leaves_the_roster_and_its_key_is_free(run: Running) -> None:
    first = await run.node()
    session = run.coordinator.registry.session(first.key.node_id)
    assert session is not None
    session._beat_s -= 60
    run.coordinator.registry.listing.changed()  # as the sweep that finds it does
    assert run.coordinator.registry.roster(0) == ()
    second = FakeNode(run, "twin", key=first.key)
    assert isinstance(await second.connect(), Welcome)
    await second.drop()


async def test_names_are_cleaned(run: Running) -> None:
    node = await run.node("re\x1b[31mef\u202e" + "x" * 200)
    session = run.coordinator.registry.session(node.key.node_id)
    assert session is not None
    assert session.name == ("re[31mef" + "x" * 200)[:64]
    nameless = await run.node("\x00\x07")
    assert run.coordinator.registry.session(nameless.key.node_id).name == nameless.key.node_id[:6]  # type: ignore[union-attr]


async def test_other_profiles_and_slow_nodes_are_not_listed_and_told_the_rule(run: Running) -> None:
    for change, rule in [
        ({"profile": "00" * 32}, "profile"),
        ({"milli_tokens_per_s": 999}, "speed"),
        ({"group": "00" * 32}, "model"),
    ]:
        node = FakeNode(run, "reef")
        node.offer = msgspec.structs.replace(node.offer, **change)
        await node.connect()
        presence = await node.wait(Presence)
        assert not presence.listed
        assert (presence.reason.code, presence.reason.evidence) == ("not_in_roster", rule)
        await node.drop()


def frames_of(node: FakeNode) -> list[str | bytes]:
    key, session = node.agreed or node.key, node.session
    other = SessionKey(bytes(64)) if node.agreed else SigningKey(bytes(32))
    good = Heartbeat(True, "earning", 0, 1)
    return [
        "not json",
        b"\xff\xfe",
        "[" * 100_000,
        '{"session": "", "counter": 1, "body": {}, "signature": ""}',
        seal(key, "to_coordinator", session, 0, good).decode(),
        seal(key, "to_node", session, 1 << 40, good).decode(),
        seal(other, "to_coordinator", session, 1 << 40, good).decode(),
        seal(node.key if node.agreed else other, "to_coordinator", session, 1 << 40, good).decode(),
        seal(key, "to_coordinator", session, 1 << 40, {"type": "heartbeat", "ready": "soon"}).decode(),
        seal(key, "to_coordinator", session, 1 << 40, {"type": "assignment"}).decode(),
        "x" * (FRAME_BYTES_LIMIT + 1),
    ]


@pytest.mark.parametrize("older", [False, True], ids=["session key", "signatures"])
async def test_bad_frames_end_their_own_connection(run: Running, older: bool) -> None:
    bystander = await run.node("bystander")
    for number in range(11):
        node = FakeNode(run, f"hostile {number}")
        node.older = older
        run.nodes.append(node)
        await node.connect()
        await node.wait(Presence)
        await node.send_raw(frames_of(node)[number])
        assert (await node.wait(Refused)).code == "frame_refused", number
        await until(lambda node=node: run.coordinator.registry.session(node.key.node_id) is None)
    await bystander.wait(Presence, len(bystander.got(Presence)) + 1)
    assert (await run.chat()).status_code == 200


async def test_frames_beyond_what_is_read_close_the_connection(run: Running) -> None:
    node = await run.node()
    with pytest.raises(LinkError):
        await node.send_raw("x" * (3 * FRAME_BYTES_LIMIT))
        await node.wait(Refused)
    assert (await run.chat()).status_code == 503


async def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, frames_per_s=20))
    async with running(tmp_path, config) as run:
        node = await run.node()
        with contextlib.suppress(LinkError):
            for _ in range(200):
                await node.send(Heartbeat(True, "earning", 0, 1))
        refused = await node.wait(Refused)
        assert "per second" in refused.sentence


async def test_before_sign_in_nothing_else_is_heard(run: Running) -> None:
    async with connect(run.ws, proxy=None) as socket:
        _, challenge = peek_from_coordinator(await socket.recv())
        assert isinstance(challenge, Challenge)
        key = SigningKey(secrets.token_bytes(32))
        await socket.send(seal(key, "to_coordinator", "", 0, Heartbeat(True, "earning", 0, 1)).decode())
        _, answer = peek_from_coordinator(await socket.recv())
        assert isinstance(answer, Refused)


async def test_a_challenge_nobody_answers_expires(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, sign_in_s=0.1))
    async with running(tmp_path, config) as run, connect(run.ws, proxy=None) as socket:
        await socket.recv()
        _, answer = peek_from_coordinator(await socket.recv())
        assert isinstance(answer, Refused)
        assert answer.code == "challenge_expired"


async def test_a_sign_in_as_the_last_epoch_ends_is_told_that_the_network_restarts(run: Running) -> None:
    """Found by the simulation: it was a fault without a word."""
    await run.coordinator.epochs.close()
    node = FakeNode(run, "late")
    answer = await node.connect()
    assert isinstance(answer, Refused)
    assert answer.code == "coordinator_stopping"
    assert answer.code in PASSING
    await until(lambda: run.coordinator.registry.sessions() == [])
    await node.drop()


async def test_an_older_node_signs_its_frames_and_is_answered_with_signatures(run: Running) -> None:
    node = FakeNode(run, "older")
    node.older = True
    run.nodes.append(node)
    assert isinstance(await node.connect(), Welcome)
    await node.wait(Presence)
    assert (await run.chat()).status_code == 200
    assert node.agreed is None and len(node.got(Assignment)) == 1


@pytest.mark.parametrize("public", ["zz", "00" * 31, "00" * 32, "01" + "00" * 31])
async def test_half_a_key_that_is_none_is_refused(run: Running, public: str) -> None:
    """The last two are points of small order: everybody would know what comes of them."""
    answer = await FakeNode(run, "reef").connect(ephemeral=public)
    assert isinstance(answer, Refused) and "no usable key" in answer.sentence


@pytest.mark.parametrize("forged", [Ephemeral(b"e" * 32).public, ""], ids=["other", "none"])
async def test_half_a_key_that_somebody_puts_in_or_takes_out_is_refused(run: Running, forged: str) -> None:
    """The sign-in's signature covers it, so that nobody on the way has them go back to signatures."""
    answer = await FakeNode(run, "reef").connect(forged=forged)
    assert isinstance(answer, Refused) and answer.code == "signature_wrong"
