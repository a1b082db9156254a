"""The frames between node and coordinator, and what may be in them.

Order at sign-in: coordinator `Challenge`, node `SignIn`, coordinator `Welcome` or `Refused`, each signed.
After that every frame carries the session, a strictly rising counter and a code, made with the session's key,
over both and the body's exact bytes; a signature where one of the two knows of no such keys.
"""

from __future__ import annotations

from console.protocol.messages.presence import GROUPS_LIMIT as GROUPS_LIMIT
from console.protocol.messages.presence import EpochOpened as EpochOpened
from console.protocol.messages.presence import GroupNow as GroupNow
from console.protocol.messages.presence import Heartbeat as Heartbeat
from console.protocol.messages.presence import Presence as Presence
from console.protocol.messages.presence import Surroundings as Surroundings
from console.protocol.messages.session import NAME_LIMIT as NAME_LIMIT
from console.protocol.messages.session import Challenge as Challenge
from console.protocol.messages.session import Goodbye as Goodbye
from console.protocol.messages.session import Refused as Refused
from console.protocol.messages.session import SignIn as SignIn
from console.protocol.messages.session import Welcome as Welcome
from console.protocol.messages.statements import RECEIPTS_PAGE as RECEIPTS_PAGE
from console.protocol.messages.statements import StatementAnswer as StatementAnswer
from console.protocol.messages.statements import StatementRequest as StatementRequest
from console.protocol.messages.work import CHUNK_TOKENS_LIMIT as CHUNK_TOKENS_LIMIT
from console.protocol.messages.work import Ack as Ack
from console.protocol.messages.work import Cancel as Cancel
from console.protocol.messages.work import Chunk as Chunk
from console.protocol.messages.work import Decline as Decline
from console.protocol.messages.work import Failed as Failed
from console.protocol.messages.work import Opening as Opening
from console.protocol.messages.work import OpenRequest as OpenRequest
from console.protocol.messages.work import ResultAnswered as ResultAnswered
from console.protocol.types import Assignment, Receipt, Result, Verdict

FRAME_BYTES_LIMIT = 2 * 1024 * 1024
"""A larger frame closes the connection: the opening of 4,096 tokens in base64 fits."""

FromNode = SignIn | Heartbeat | Ack | Decline | Chunk | Failed | Result | Opening | Goodbye | StatementRequest
FromCoordinator = (
    Challenge
    | Welcome
    | Refused
    | Presence
    | EpochOpened
    | Assignment
    | Cancel
    | OpenRequest
    | ResultAnswered
    | Verdict
    | Receipt
    | StatementAnswer
)
