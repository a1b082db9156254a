"""One job on the engine: from the assignment to a signed result, or to the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing

import msgspec

from console.agent.jobs.intake import sampling_seed
from console.agent.jobs.office import JobFailed
from console.agent.jobs.stream import Send, TokenStream
from console.agent.journal import Question
from console.engine.port import Broken, Engine, EngineError, Generated, GenerateRequest, Tokens
from console.protocol.canonical import ids_digest
from console.protocol.frames import result_bytes
from console.protocol.keys import SigningKey
from console.protocol.types import Assignment, Result


class Progress:
    """How far a running job is. Written by its runner, read by the watchdog and the board."""

    def __init__(self) -> None:
        self.tokens = 0
        self._moved = time.monotonic()

    def add(self, tokens: int) -> None:
        """`tokens` more."""
        self.tokens += tokens
        self._moved = time.monotonic()

    @property
    def idle_ms(self) -> int:
        """Since the last token, or since the start."""
        return int((time.monotonic() - self._moved) * 1000)


async def generate(
    engine: Engine,
    assignment: Assignment,
    key: SigningKey,
    send: Send,
    progress: Progress,
    on_progress: Callable[[], None],
) -> Generated:
    """Run `assignment` and stream its tokens.

    Raises:
        JobFailed: the engine crashed, broke the generation off or refused it.
    """
    request = _request(assignment, key.node_id)
    stream = TokenStream(assignment, send)
    try:
        async with aclosing(engine.generate(request)) as events:  # type: ignore[type-var]
            async for event in events:
                match event:
                    case Tokens(token_ids=ids):
                        stream.add(ids)
                        progress.add(len(ids))
                        on_progress()
                    case Generated():
                        await stream.finish()
                        return event
                    case Broken(code, sentence):
                        raise JobFailed(code, sentence)
    except EngineError as error:
        raise _failure(error) from error
    finally:
        await stream.abandon()
    raise JobFailed("engine_crashed", "The engine ended the stream without an answer.")


def signed_result(assignment: Assignment, generated: Generated, key: SigningKey, profile: str) -> Result:
    """The result as the node claims it."""
    unsigned = Result(
        job=assignment.job,
        attempt=assignment.attempt,
        fence=assignment.fence,
        node=key.node_id,
        group=assignment.group,
        prompt_digest=ids_digest(assignment.prompt_ids),
        token_ids=generated.token_ids,
        finish_reason=generated.finish_reason,
        profile=profile,
        commitment=generated.commitment,
        generation_ms=generated.generation_ms,
        first_token_ms=generated.first_token_ms,
        signature="",
    )
    return msgspec.structs.replace(unsigned, signature=key.sign(result_bytes(unsigned)))


def question_of(assignment: Assignment) -> Question:
    """What the answer will be judged by."""
    asked = assignment
    return Question(asked.prompt_ids, asked.temperature_milli, asked.max_tokens, asked.stop, asked.rules)


def _request(assignment: Assignment, node: str) -> GenerateRequest:
    return GenerateRequest(
        id=f"{assignment.job}-{assignment.attempt}",
        prompt_ids=assignment.prompt_ids,
        seed=sampling_seed(assignment, node),
        temperature_milli=assignment.temperature_milli,
        max_tokens=assignment.max_tokens,
        stop=assignment.stop,
        rules=assignment.rules,
    )


def _failure(error: EngineError) -> JobFailed:
    if error.code == "unreachable":
        return JobFailed("engine_crashed", "The engine's process ended in the middle of this job.")
    return JobFailed(error.code, error.sentence)
