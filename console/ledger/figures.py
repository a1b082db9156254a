"""How amounts are written for people: on the screen, by the commands, in reports. Pure."""

from __future__ import annotations

CREDIT = 1_000_000_000
"""Nano-credits in one credit."""
MICRO = 1_000
"""Nano-credits in one micro-credit."""


def credits(nano: int, *, sign: bool = False) -> str:
    """`nano` nano-credits: `12.34 cr`, `0.0842 cr`, and below a hundredth of a credit `842.5 µcr`.

    Rounded towards zero: nobody is ever shown more than there is.
    """
    plus = "−" if nano < 0 else "+" if sign and nano > 0 else ""
    size = abs(nano)
    if size == 0:
        return "0 cr"
    if size >= CREDIT:
        return f"{plus}{size // CREDIT:,}.{size % CREDIT // 10_000_000:02d} cr"
    if size >= CREDIT // 100:
        return f"{plus}0.{size // 100_000:04d} cr"
    if size >= 1_000 * MICRO:
        return f"{plus}{size // MICRO:,} µcr"
    if size >= MICRO:
        return f"{plus}{size // MICRO}.{size % MICRO // 100} µcr"
    return f"{plus}0.{size:03d} µcr"


def exact_credits(nano: int) -> str:
    """`nano` nano-credits to the last digit, for books: `+0.000064000 cr`."""
    sign = "−" if nano < 0 else "+" if nano > 0 else " "
    return f"{sign}{abs(nano) // CREDIT:,}.{abs(nano) % CREDIT:09d} cr"
