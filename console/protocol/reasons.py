"""Why a node is, or is not, earning: the codes of DESIGN §8, each with its sentence and remedy."""

from __future__ import annotations

import msgspec

PASSING_REFUSALS = ("coordinator_failed", "coordinator_stopping", "too_many", "challenge_expired")
"""Codes of `Refused` that say nothing of the node: the coordinator could not take it in just now."""


class Reason(msgspec.Struct, frozen=True):
    """The one current answer to "why am I not earning?"."""

    code: str
    sentence: str
    remedy: str
    since_ms: int = 0
    until_ms: int = 0
    evidence: str = ""
    """What it rests on: a rule's name, a verdict's id, a count."""


CODES: dict[str, tuple[str, str, str]] = {
    "earning": ("EARNING", "Work is coming and answers are accepted.", ""),
    "no_demand": (
        "NO DEMAND",
        "Nobody asked for this model lately.",
        "Nothing is wrong here; requests will come to you as to every node of the group.",
    ),
    "lost_draws": (
        "LOST DRAWS",
        "There was work, and the draw fell on other nodes.",
        "Nothing is wrong here; see Network for draws won against expectation.",
    ),
    "not_in_roster": (
        "NOT LISTED",
        "The network does not list this node.",
        "The public rule that keeps it out is named with the reason.",
    ),
    "queue_full": (
        "QUEUE FULL",
        "As many jobs wait here as the network allows for one node.",
        "They are being worked off; a faster engine shortens the queue.",
    ),
    "paused": ("PAUSED", "You paused this node.", "Press p, or run `quarterdeck resume`."),
    "draining": (
        "DRAINING",
        "Running jobs are finished and no new ones taken.",
        "Press p, or run `quarterdeck resume`, to take work again.",
    ),
    "model_loading": ("LOADING", "The engine is loading the model.", "This takes seconds; wait."),
    "engine_down": (
        "ENGINE DOWN",
        "The engine stopped.",
        "It is started again by itself, and by Ctrl-R at once; see Events for what failed.",
    ),
    "gpu_lost": (
        "GPU LOST",
        "The GPU no longer answers its driver.",
        "Reset or reboot the machine.",
    ),
    "thermal": ("TOO HOT", "A temperature limit was passed.", "It goes on when the machine cools."),
    "power": ("POWER CAP", "A power limit was passed.", "It goes on below the limit."),
    "schedule": ("SCHEDULED OFF", "Your schedule says no work now.", "See `quarterdeck config`."),
    "user_active": ("USER ACTIVE", "Somebody uses this machine.", "It goes on when it is idle."),
    "on_battery": ("ON BATTERY", "The machine runs on battery.", "Plug it in."),
    "disk_full": (
        "DISK FULL",
        "Results cannot be journalled safely.",
        "Free space on the disk that holds the node's folder.",
    ),
    "clock_skew": ("CLOCK WRONG", "This machine's clock is off.", "Set it with NTP."),
    "duplicate_identity": (
        "DUPLICATE KEY",
        "Another machine signed in with this node's key.",
        "Stop one of the two, or give it an identity of its own.",
    ),
    "suspended": (
        "SUSPENDED",
        "The network suspended this node.",
        "See the verdicts that led to it; it may sign in again when the time is over.",
    ),
    "coordinator_down": (
        "NETWORK DOWN",
        "The coordinator does not answer. This is not your fault and costs you nothing.",
        "The node reconnects by itself.",
    ),
    "offline": ("OFFLINE", "The node is not running.", "Run `quarterdeck agent start`."),
}
"""Code to (label on screen, sentence, remedy)."""


def reason(
    code: str,
    *,
    sentence: str = "",
    remedy: str = "",
    since_ms: int = 0,
    until_ms: int = 0,
    evidence: str = "",
) -> Reason:
    """The reason `code`, with its standard words where none are given.

    Raises:
        KeyError: no such code.
    """
    _, usual_sentence, usual_remedy = CODES[code]
    return Reason(code, sentence or usual_sentence, remedy or usual_remedy, since_ms, until_ms, evidence)


def label(code: str) -> str:
    """The few words shown for `code`; an unknown code, of a newer peer, is shown as it came."""
    return CODES[code][0] if code in CODES else code.upper().replace("_", " ")
