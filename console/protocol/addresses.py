"""Addresses of a coordinator. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_loopback(address: str) -> bool:
    """Whether a URL names this machine itself, so that the environment's proxy has no place in between.

    False as well for what is no URL: whoever dials it says so.
    """
    try:
        return urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        return False
