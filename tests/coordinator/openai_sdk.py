"""The openai package's client at a coordinator's gateway."""

from __future__ import annotations

from typing import Any

import httpx
import openai
from coordinator_harness import Running


def sdk(run: Running, **options: Any) -> openai.AsyncOpenAI:
    """With any key, and no retry unless `options` say so."""
    http = httpx.AsyncClient(trust_env=False)
    options = {"max_retries": 0} | options
    return openai.AsyncOpenAI(base_url=f"{run.url}/v1", api_key="any", http_client=http, **options)
