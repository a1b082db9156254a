"""What is typed after `/`: words that a thing must have, and words that it must not have. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Filter(NamedTuple):
    """The words of a filter, in lower case."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    def fits(self, text: str) -> bool:
        """Whether `text`, in lower case, has all that is wanted and nothing that is not."""
        return all(word in text for word in self.wanted) and not any(word in text for word in self.unwanted)


EVERYTHING_FITS = Filter()


def parse(text: str) -> Filter:
    """The filter that `text` means: words, each with a `!` before it if it must be absent."""
    words = text.lower().split()
    bare = [word.lstrip("!") for word in words if word.startswith("!")]
    return Filter(tuple(word for word in words if not word.startswith("!")), tuple(filter(None, bare)))
