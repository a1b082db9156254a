"""What the console never loads: it would be paid for in memory and time at every start."""

from __future__ import annotations

import subprocess
import sys

WALK = """
import asyncio, sys
sys.path[:0] = {path!r}
from doubles.console_double import console_on, settle

async def walk():
    app = console_on("earning")
    async with app.run_test(size=(120, 40)) as pilot:
        for key in "12345678w,":
            await pilot.press("comma" if key == "," else key)
            await settle(pilot)

asyncio.run(walk())
print(" ".join(sorted(name for name in sys.modules if "." not in name)))
"""


def test_no_screen_loads_what_belongs_to_the_node() -> None:
    code = WALK.format(path=sys.path)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "textual" in loaded
    assert not loaded & {"cryptography", "numpy", "httpx", "psutil", "llama_cpp", "websockets", "uvicorn"}
