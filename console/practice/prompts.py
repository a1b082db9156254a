"""What the practice clients ask: short everyday requests, put together from parts so that few repeat."""

from __future__ import annotations

import random

import msgspec

_THINGS = (
    "a lighthouse", "a tide table", "a bicycle pump", "sourdough bread", "a compass", "a thunderstorm",
    "a public library", "a kite", "a chess opening", "an hourglass", "a coral reef", "a steam engine",
    "a violin", "a greenhouse", "a glacier", "a night train", "an espresso machine", "a market square",
)  # fmt: skip
_ASKS = (
    "Explain {thing} to a child in three sentences.",
    "Write a short poem about {thing}.",
    "Give me four facts about {thing}.",
    "What would happen to {thing} on the Moon?",
    "Write the opening line of a story in which {thing} matters.",
    "Compare {thing} with {other}, briefly.",
    "List what I need to know before I buy or visit {thing}.",
    "A friend is afraid of {thing}. What do I tell them?",
    "Describe {thing} without using its name, so that others can guess it.",
    "Translate into plain words: the maintenance of {thing} is deferred because {other} is unavailable.",
)
_MANNERS = (
    "", "", "You are terse.", "You answer like an old sailor.", "You answer in simple English.",
    "You are a patient teacher. Use one example, and never more than a short paragraph.",
)  # fmt: skip


class Ask(msgspec.Struct, frozen=True):
    """One request of a client."""

    messages: tuple[dict[str, str], ...]
    max_tokens: int
    temperature: float
    stream: bool


def next_ask(rng: random.Random) -> Ask:
    """A request, drawn with `rng`."""
    thing, other = rng.sample(_THINGS, 2)
    question = rng.choice(_ASKS).format(thing=thing, other=other)
    manner = rng.choice(_MANNERS)
    messages = [{"role": "user", "content": question}]
    if manner:
        messages.insert(0, {"role": "system", "content": manner})
    return Ask(
        tuple(messages),
        max_tokens=rng.choice((32, 48, 64, 96)),
        temperature=rng.choice((0.0, 0.7, 0.8, 1.0)),
        stream=rng.random() < 0.75,
    )
