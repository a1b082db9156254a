"""What is refused before it reaches the model: everything a caller sends is bounded."""

from __future__ import annotations

import re

from console.engine.port import EngineError, GenerateRequest, ScoreRequest

BODY_BYTES = 2 * 1024 * 1024
WAITING_LIMIT = 64
ID_CHARACTERS = 128
STOP_STRINGS = 16
STOP_CHARACTERS = 256
TEMPERATURE_MILLI = 10_000
_SEED = re.compile(r"[0-9a-f]{64}")


def check_generate(request: GenerateRequest, context: int, vocabulary: int) -> None:
    """Raise EngineError unless the model can take `request` on: `bad_request` or `context_exceeded`."""
    _check_id(request.id)
    _check_ids(request.prompt_ids, vocabulary)
    if not _SEED.fullmatch(request.seed):
        raise _bad("The seed must be 64 lower-case hex digits.")
    if not 0 <= request.temperature_milli <= TEMPERATURE_MILLI:
        raise _bad(f"The temperature must be between 0 and {TEMPERATURE_MILLI // 1000}.")
    if request.max_tokens < 1:
        raise _bad("At least one token must be asked for.")
    if len(request.stop) > STOP_STRINGS or any(not 0 < len(s) <= STOP_CHARACTERS for s in request.stop):
        raise _bad(f"At most {STOP_STRINGS} stop strings of 1 to {STOP_CHARACTERS} characters are taken.")
    if request.deadline_ms < 0:
        raise _bad("The deadline must not be negative; 0 means that there is none.")
    _check_room(len(request.prompt_ids), request.max_tokens, context)


def check_score(request: ScoreRequest, context: int, vocabulary: int) -> None:
    """Raise EngineError unless `request` can be scored: `bad_request` or `context_exceeded`."""
    _check_id(request.id)
    _check_ids(request.prompt_ids, vocabulary)
    _check_ids(request.completion_ids, vocabulary)
    _check_windows(request.windows, len(request.completion_ids))
    _check_room(len(request.prompt_ids), len(request.completion_ids), context)


def _check_windows(windows: tuple[tuple[int, int], ...], answer: int) -> None:
    end = 0
    for number, (start, length) in enumerate(windows):
        if length < 1 or start < end + (number > 0) or start + length > answer:
            raise _bad(f"The windows must rise, stay apart and lie within the answer of {answer} tokens.")
        end = start + length


def _check_room(prompt: int, answer: int, context: int) -> None:
    if prompt + answer > context:
        raise EngineError(
            "context_exceeded",
            f"A prompt of {prompt} tokens and an answer of {answer} do not fit the context of {context}. "
            "Shorten the prompt, ask for fewer tokens, or start the engine with a larger context.",
        )


def _check_id(request_id: str) -> None:
    if not 0 < len(request_id) <= ID_CHARACTERS:
        raise _bad(f"The request's id must have 1 to {ID_CHARACTERS} characters.")


def _check_ids(ids: tuple[int, ...], vocabulary: int) -> None:
    if not ids:
        raise _bad("There are no token ids where some are needed.")
    if min(ids) < 0 or max(ids) >= vocabulary:
        raise _bad(f"A token id is outside the vocabulary of {vocabulary}.")


def _bad(sentence: str) -> EngineError:
    return EngineError("bad_request", sentence)
