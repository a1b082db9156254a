"""Signed parts of a transcript: what was signed before a rule existed is still signed by the same key."""

from __future__ import annotations

import msgspec
import pytest

from console.protocol.keys import SigningKey, verify
from console.protocol.transcript import Commitment, commitment_bytes
from console.protocol.types import LATER_RULES, USUAL_POLICY

KEY = SigningKey(b"c" * 32)
BEFORE = (
    b'{"epoch":1,"seeds_root":"' + b"ab" * 32 + b'","chain":"","at_ms":5,"policy":{"client_rate":700,'
    b'"node_rate":500,"bond_target":20000000,"holdback_percent":50,"penalty_multiple":20,'
    b'"probation_answers":10,"probation_audit_ppm":1000000,"audit_ppm":50000,"saving_ppm":1000000,'
    b'"detection_ppm":990000,"audit_positions":64,"suspend_after":3,"suspend_window_s":3600,"suspend_s":3600,'
    b'"min_milli_tokens_per_s":1000,"queue_limit":8,"slot_s":2,"epoch_s":600,"lease_s":120,"heartbeat_s":2,'
    b'"max_tokens":1024,"max_attempts":3},"signature":"4ba8a0376ae8d2fde841ace505b970e43975bcb524897b14f16af2c8'
    b'14315ad43a47dd24eafba11cc5c3190884527ceb592578f6de8adc1f62a850ad4e49530e"}'
)
"""Signed by the code of before there were rules of machines, load challenges and fees."""


def test_a_commitment_of_before_there_were_such_rules_is_still_signed_and_has_none_of_them() -> None:
    kept = msgspec.json.decode(BEFORE, type=Commitment)
    assert verify(KEY.node_id, commitment_bytes(kept), kept.signature)
    assert all(getattr(kept.policy, rule) == 0 for rule in LATER_RULES)


@pytest.mark.parametrize("rule", LATER_RULES)
def test_no_rule_of_a_signed_policy_can_be_changed_put_in_or_taken_out(rule: str) -> None:
    whole = Commitment(1, "ab" * 32, "", 5, USUAL_POLICY, "")
    for value in (0, 7):
        other = msgspec.structs.replace(whole, policy=msgspec.structs.replace(USUAL_POLICY, **{rule: value}))
        assert commitment_bytes(other) != commitment_bytes(whole)
