"""What the node must remember over a crash: one SQLite file, one thread, every write synced to the disk.

Holds counts, sizes, hashes, times, evidence and money. What was asked and answered lies in it only sealed,
and only until it is judged; of a rejected answer, until it can no longer be disputed.
"""

from console.agent.journal.database import JournalError as JournalError
from console.agent.journal.journal import Journal as Journal
from console.agent.journal.records import JobRecord as JobRecord
from console.agent.journal.records import Kept as Kept
from console.agent.journal.records import Question as Question
