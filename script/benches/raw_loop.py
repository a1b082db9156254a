"""What serving is measured against: llama_decode over all sequences, sampled with numpy, nothing else.

    python -P raw_loop.py MODEL THREADS K_TYPE V_TYPE SLOTS

Reads a line of JSON `{"prompts": [[ids]], "tokens": n}` and answers with one `{"wall_s", "first_s": [...],
"tokens"}`, again and again. Its own process, so that the library's threads and memory are its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from typing import Any

import numpy as np

os.environ["GGML_CPU_TILED_MM"] = "0"

import llama_cpp

ROWS, CONTEXT = 512, 2304
TEMPERATURE, TOP_K = 0.8, 40


class Loop:
    """A context and one batch."""

    def __init__(self, model: str, threads: int, k_type: int, v_type: int, slots: int) -> None:
        """`k_type`, `v_type`: ggml's numbers."""
        llama_cpp.llama_log_set(_QUIET, ctypes.c_void_p(0))
        options = llama_cpp.llama_model_default_params()
        options.use_extra_bufts = False
        self.model = llama_cpp.llama_model_load_from_file(model.encode(), options)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_seq_max = CONTEXT * slots, slots
        params.n_batch = params.n_ubatch = ROWS
        params.n_outputs_max = 64
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = 1
        params.type_k, params.type_v = k_type, v_type
        params.kv_unified = False
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.batch: Any = llama_cpp.llama_batch_init(ROWS, 0, 1)
        self.rng = np.random.default_rng(1)

    def run(self, prompts: list[list[int]], tokens: int) -> dict[str, Any]:
        """Answer all prompts together."""
        for slot in range(len(prompts)):
            llama_cpp.llama_memory_seq_rm(self.memory, slot, 0, -1)
        started_s = time.perf_counter()
        last, first_s = self._prefill(prompts, started_s)
        count = len(prompts)
        prefill_s = time.perf_counter() - started_s
        for number in range(1, tokens):
            for slot in range(count):
                self._row(slot, last[slot], len(prompts[slot]) + number - 1, slot, True)
            self._decode(count)
            for slot in range(count):
                last[slot] = self._sample(slot)
        wall_s = time.perf_counter() - started_s
        return {"wall_s": wall_s, "first_s": first_s, "tokens": tokens * count, "prefill_s": prefill_s}

    def _prefill(self, prompts: list[list[int]], started_s: float) -> tuple[list[int], list[float]]:
        rows = [
            (t, p, slot, p == len(ids) - 1) for slot, ids in enumerate(prompts) for p, t in enumerate(ids)
        ]
        last, first_s = [0] * len(prompts), [0.0] * len(prompts)
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            for place, row in enumerate(part):
                self._row(place, *row)
            self._decode(len(part))
            for place, (_, _, slot, wants) in enumerate(part):
                if wants:
                    last[slot] = self._sample(place)
                    first_s[slot] = time.perf_counter() - started_s
        return last, first_s

    def _row(self, place: int, token: int, position: int, slot: int, wants: bool) -> None:
        batch = self.batch
        batch.token[place] = token
        batch.pos[place] = position
        batch.n_seq_id[place] = 1
        batch.seq_id[place][0] = slot
        batch.logits[place] = wants

    def _decode(self, rows: int) -> None:
        self.batch.n_tokens = rows
        if llama_cpp.llama_decode(self.context, self.batch):
            sys.exit("llama_decode failed")

    def _sample(self, place: int) -> int:
        pointer = llama_cpp.llama_get_logits_ith(self.context, place)
        logits = np.ctypeslib.as_array(pointer, shape=(self.size,))
        best = np.argpartition(logits, self.size - TOP_K)[self.size - TOP_K :]
        return int(best[np.argmax(logits[best] / TEMPERATURE + self.rng.gumbel(size=TOP_K))])


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _QUIET(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:  # noqa: N802
    pass


def main() -> None:
    """Serve standard input."""
    model, *numbers = sys.argv[1:]
    loop = Loop(model, *map(int, numbers))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(loop.run(asked["prompts"], asked["tokens"])), flush=True)


if __name__ == "__main__":
    main()
