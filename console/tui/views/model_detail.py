"""All that is known of one model, what decides first."""

from __future__ import annotations

from console.control.models import ModelView
from console.tui.charts import gauge
from console.tui.rows import Role, Row, Span, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.models import EXACT, FITS, UNDER_WAY, is_own, parameters, size, state_word


def detail(model: ModelView | None, view: View, wide: int) -> list[Row]:
    """All about one model, what decides first."""
    if model is None:
        return [] if view.known else [row()]
    rows = [*_state_rows(model, view, wide), *_fit_rows(model, wide)]
    if model.state != "wrong":
        rows += _audit_rows(model, wide)
    facts = [
        model.quantisation or "quantisation unknown",
        f"{parameters(model.parameters)} parameters" if model.parameters else "",
        f"context {model.context:,}" if model.context else "",
        size(model.size_bytes) if model.size_bytes else "",
    ]
    rows += _named("Weights", " · ".join(fact for fact in facts if fact), wide)
    rows += _named("Licence", model.licence or "not told; see where you had the file from", wide)
    rows += _long("SHA-256", model.sha256 or "not hashed yet; v does it", wide)
    rows += _long("File", model.path or f"not on this machine; goes to {view.state.models.folder}", wide)
    if wide < 100:
        return rows
    hint = f"A GGUF file that you put into {view.state.models.folder} appears in this list within a minute."
    return [*rows, (), row((f" {hint}", "dim"))]


def _state_rows(model: ModelView, view: View, wide: int) -> list[Row]:
    glyph, word, ink = state_word(model, view.state.engine)
    rows = _named("State", f"{glyph} {word}{_meaning(model, word)}", wide, ink)
    if model.state in UNDER_WAY and model.size_bytes:
        done = f"{size(model.done_bytes) if model.done_bytes else '0 MB'} of {size(model.size_bytes)} "
        bar, rest = gauge(model.done_bytes, model.size_bytes, max(4, min(40, wide - 14 - len(done))))
        rows.append((*row(" " * 11, (done, "strong")), Span(bar, "bar"), Span(rest, "track")))
    ink = "accent" if model.state in UNDER_WAY else "bad" if model.state == "wrong" else "warn"
    if model.sentence:
        rows += [row(" " * 11, (line, ink)) for line in wrap(model.sentence, wide - 12, 4)]
    return rows


def _meaning(model: ModelView, word: str) -> str:
    """What the state's word leaves open."""
    if word == "next start":
        return ": the configuration names it; served once the agent was restarted"
    if word == "serving" and not model.chosen:
        return " until the agent is restarted: the configuration names another"
    if word == "serving":
        return ", and its SHA-256 was right when the agent started" if not is_own(model) else ""
    said = {
        "engine down": ": Serving now says why",
        "verified": ": its SHA-256 is the catalogue's",
        "not checked": " since it came: v hashes it and compares",
        "own file": ": no catalogue says what it must be",
        "hashed": ": compare the SHA-256 with its publisher's",
        "not here": ": f fetches it",
        "in part": ": f goes on where it stopped",
    }
    return said.get(word, "")


def _fit_rows(model: ModelView, wide: int) -> list[Row]:
    glyph, word, ink = FITS[model.fits]
    said = f": {model.fit_sentence}" if model.fit_sentence else ""
    return _named("Memory", f"{glyph} {word}{said}", wide, ink)


def _audit_rows(model: ModelView, wide: int) -> list[Row]:
    glyph, word, ink = EXACT[model.exact]
    types = ", ".join(model.tensor_types)
    named = f" ({types})" if types else ""
    if model.exact:
        said = (
            f"all its tensor types{named} are on the exact list. An audit recomputes an answer and finds "
            "the same bytes: an honest answer is never rejected for rounding"
        )
    elif model.exact is None:
        said = "its header has not been read, so its tensor types are not known"
    else:
        said = (
            f"not all its tensor types{named} are on the exact list. Audits compare byte for byte: if the "
            "self-test at the start fails, the network lists this node no more"
        )
    return _named("Audit", f"{glyph} {word}: {said}.", wide, ink, limit=4)


def _named(name: str, value: str, wide: int, ink: Role = "text", limit: int = 3) -> list[Row]:
    """A name and a text on as many lines as it needs; the first two words carry the ink."""
    lines = wrap(value, max(8, wide - 12), limit)
    head, colon, rest = lines[0].partition(":") if ink != "text" else (lines[0], "", "")
    first = row((text_fit(f" {name}", 11), "dim"), (head + colon, ink), rest)
    return [first, *(row(" " * 11 + line) for line in lines[1:])]


def _long(name: str, value: str, wide: int) -> list[Row]:
    """A name and a text without blanks, cut where the line ends; of an endless one only the beginning."""
    room = max(8, wide - 12)
    if " " in value:
        return _named(name, value, wide)
    pieces = [value[at : at + room] for at in range(0, min(len(value), 4 * room), room)]
    first = row((text_fit(f" {name}", 11), "dim"), pieces[0])
    return [first, *(row(" " * 11 + piece) for piece in pieces[1:])]
