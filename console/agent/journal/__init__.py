"""What the node must remember over a crash: one SQLite file, one thread, every write synced to the disk.

Holds counts, sizes, hashes, times, evidence and money. Answers lie in it only sealed, and only until they
are answered and judged; prompts never do.
"""

from console.agent.journal.database import JournalError as JournalError
from console.agent.journal.journal import Journal as Journal
from console.agent.journal.records import JobRecord as JobRecord
