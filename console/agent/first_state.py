"""What clients see as the agent starts: who the node is, and what its journal remembers."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from console import __version__
from console.agent.jobs.aftermath import verdict_view
from console.agent.journal import Journal
from console.control.state import JOBS_KEPT, NOTES_KEPT, VERDICTS_KEPT, NodeFacts, NodeState
from console.protocol.ids import NodeId, short
from console.protocol.messages import NAME_LIMIT

SOFTWARE = f"quarterdeck/{__version__}"


def who(node: NodeId, wished: str, home: Path, now_ms: int, practice: bool) -> NodeFacts:
    """This node, in this process. `wished`: what its operator calls it; empty: its key makes a name."""
    name = (wished or f"node-{short(node)}")[:NAME_LIMIT]
    return NodeFacts(node, name, SOFTWARE, str(home), os.getpid(), now_ms, practice)


async def remembered(state: NodeState, journal: Journal) -> NodeState:
    """`state` with the newest jobs, verdicts and notes of earlier runs. Raises JournalError."""
    return msgspec.structs.replace(
        state,
        jobs=tuple(record.view for record in await journal.jobs.latest(JOBS_KEPT)),
        verdicts=tuple(verdict_view(v) for v in await journal.jobs.latest_verdicts(VERDICTS_KEPT)),
        notes=tuple(await journal.jobs.latest_notes(NOTES_KEPT)),
    )
