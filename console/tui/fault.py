"""When the console itself fails: a sentence for the operator, the trace in a file for whoever mends it."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

FILE = "console-fault.txt"


def tell_fault(error: BaseException, folder: Path) -> str:
    """What happened, what it means and what to do next; the trace goes into `folder`, without any values."""
    path = folder / FILE
    written = f"What failed is written down in {path}; please report it."
    try:
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as out:
            out.writelines(traceback.format_exception(error))
    except OSError:
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
        written = f"What failed: {type(error).__name__}{place}; please report it."
    return f"The console failed and has closed. The node is not affected: attach to it again.\n{written}"
