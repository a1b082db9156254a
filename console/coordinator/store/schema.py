"""Tables of the SQLite adapter, their version, and the way there from older ones."""

from __future__ import annotations

DATABASE = "coordinator.sqlite"
"""The file in a coordinator's home."""
VERSION = 3

_SINCE_2 = """
CREATE TABLE audits (
  verdict TEXT PRIMARY KEY REFERENCES verdicts, rate_ppm INTEGER NOT NULL,
  rows INTEGER NOT NULL, score_ms INTEGER NOT NULL,
  generated_rows INTEGER NOT NULL, generation_ms INTEGER NOT NULL, confirmation TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE totals (node TEXT PRIMARY KEY, body BLOB NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""

TABLES = """
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, client TEXT NOT NULL, "group" TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL, max_tokens INTEGER NOT NULL, received_ms INTEGER NOT NULL,
  state TEXT NOT NULL, attempt INTEGER NOT NULL, fence INTEGER NOT NULL, node TEXT NOT NULL,
  held INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, price INTEGER NOT NULL, reward INTEGER NOT NULL,
  fault TEXT NOT NULL, code TEXT NOT NULL, first_token_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_open ON jobs (state) WHERE state NOT IN ('SETTLED', 'PENALISED', 'CANCELLED', 'FAILED');
CREATE TABLE attempts (
  job TEXT NOT NULL REFERENCES jobs, attempt INTEGER NOT NULL, fence INTEGER NOT NULL, node TEXT NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0,
  code TEXT NOT NULL DEFAULT '', fault TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (job, attempt)
) STRICT;
CREATE TABLE transactions (id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE postings (
  "transaction" TEXT NOT NULL REFERENCES transactions, account TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount <> 0),
  PRIMARY KEY ("transaction", account)
) STRICT, WITHOUT ROWID;
CREATE INDEX postings_account ON postings (account);
CREATE TABLE balances (
  account TEXT PRIMARY KEY,
  amount INTEGER NOT NULL CHECK (amount >= 0 OR account = 'outside')
) STRICT, WITHOUT ROWID;
CREATE TABLE epochs (
  epoch INTEGER PRIMARY KEY, root TEXT NOT NULL, sealed_secret BLOB NOT NULL, secret TEXT NOT NULL DEFAULT '',
  next_k INTEGER NOT NULL DEFAULT 0, opened_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE rosters (root TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE roster_members (
  root TEXT NOT NULL REFERENCES rosters, node TEXT NOT NULL, PRIMARY KEY (root, node)
) STRICT, WITHOUT ROWID;
CREATE TABLE tickets (
  epoch INTEGER NOT NULL REFERENCES epochs, k INTEGER NOT NULL, job TEXT NOT NULL, attempt INTEGER NOT NULL,
  roster_root TEXT NOT NULL REFERENCES rosters, roster_size INTEGER NOT NULL, cause TEXT NOT NULL,
  signature TEXT NOT NULL, chain TEXT NOT NULL, at_ms INTEGER NOT NULL,
  seed TEXT NOT NULL, nonce TEXT NOT NULL, pick INTEGER NOT NULL, node TEXT NOT NULL,
  PRIMARY KEY (epoch, k), UNIQUE (job, attempt)
) STRICT;
CREATE TABLE verdicts (
  id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs, attempt INTEGER NOT NULL, node TEXT NOT NULL,
  outcome TEXT NOT NULL, mode TEXT NOT NULL, tokens_checked INTEGER NOT NULL, mismatches INTEGER NOT NULL,
  first_mismatch INTEGER NOT NULL, sentence TEXT NOT NULL, at_ms INTEGER NOT NULL,
  statistics TEXT NOT NULL DEFAULT '[]', calibration TEXT NOT NULL DEFAULT '',
  positions INTEGER NOT NULL DEFAULT 0,
  UNIQUE (job, attempt)
) STRICT;
CREATE INDEX verdicts_node ON verdicts (node, outcome, at_ms);
CREATE TABLE evidence (
  id TEXT PRIMARY KEY REFERENCES verdicts, node TEXT NOT NULL, sealed BLOB NOT NULL,
  until_ms INTEGER NOT NULL, outcome TEXT NOT NULL DEFAULT 'rejected'
) STRICT;
CREATE TABLE receipts (
  job TEXT NOT NULL, attempt INTEGER NOT NULL, node TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (job, attempt)
) STRICT;
CREATE TABLE nodes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, software TEXT NOT NULL, machine TEXT NOT NULL,
  first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, probation_from_ms INTEGER NOT NULL,
  suspended_until_ms INTEGER NOT NULL, suspended_rule TEXT NOT NULL, suspended_evidence TEXT NOT NULL
) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL, body BLOB NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_node ON outbox (node, id);
"""
TABLES += _SINCE_2

_TRANSCRIPT = """
ALTER TABLE epochs ADD COLUMN chain TEXT NOT NULL DEFAULT '';
ALTER TABLE epochs ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE epochs ADD COLUMN signature TEXT NOT NULL DEFAULT '';
ALTER TABLE epochs ADD COLUMN draws INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epochs ADD COLUMN transcript TEXT NOT NULL DEFAULT '';
ALTER TABLE epochs ADD COLUMN closing_signature TEXT NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN slot INTEGER NOT NULL DEFAULT -1;
ALTER TABLE tickets ADD COLUMN chances INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN excluded TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tickets ADD COLUMN need INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN "commitment" TEXT NOT NULL DEFAULT '';
CREATE TABLE slots (
  slot INTEGER PRIMARY KEY, "group" TEXT NOT NULL, root TEXT NOT NULL REFERENCES rosters,
  size INTEGER NOT NULL, at_ms INTEGER NOT NULL, signature TEXT NOT NULL
) STRICT;
"""
_STATEMENTS = """
ALTER TABLE transactions ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE balances ADD COLUMN credits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE balances ADD COLUMN debits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE receipts ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE receipts ADD COLUMN leaf TEXT NOT NULL DEFAULT '';
CREATE INDEX receipts_epoch ON receipts (epoch);
CREATE TABLE books (epoch INTEGER PRIMARY KEY) STRICT;
CREATE TABLE statements (
  epoch INTEGER PRIMARY KEY, digest TEXT NOT NULL, body BLOB NOT NULL, lines BLOB NOT NULL,
  held INTEGER NOT NULL
) STRICT;
"""
_GATEWAY = """
ALTER TABLE jobs ADD COLUMN key TEXT NOT NULL DEFAULT '';
CREATE TABLE idempotency (
  client TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, job TEXT NOT NULL REFERENCES jobs,
  PRIMARY KEY (client, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE spending (
  client TEXT NOT NULL, key TEXT NOT NULL, day INTEGER NOT NULL, amount INTEGER NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (client, key, day)
) STRICT, WITHOUT ROWID;
INSERT INTO spending
  SELECT client, '', received_ms / 86400000, sum(price + held) FROM jobs GROUP BY 1, 3;
"""
"""Which of its keys a client asked with, keys that make a request safe to repeat, and what was spent.

What was asked for before counts as spent without a key of its own.
"""
_OWNER = """
CREATE TABLE owner (
  one INTEGER PRIMARY KEY CHECK (one = 1), token INTEGER NOT NULL, holder TEXT NOT NULL,
  beat INTEGER NOT NULL, address TEXT NOT NULL, "group" TEXT NOT NULL, model TEXT NOT NULL
) STRICT;
"""
_SINCE_3 = _TRANSCRIPT + _STATEMENTS + _GATEWAY + _OWNER
TABLES += _SINCE_3 + "INSERT INTO books VALUES (1);"

FROM_2 = _SINCE_3
FROM_2 += """
DROP TABLE keys;
INSERT INTO books SELECT coalesce(max(epoch), 1) FROM epochs;
UPDATE transactions SET epoch = (SELECT epoch FROM books);
UPDATE receipts SET epoch = (SELECT epoch FROM books), leaf = leaf_of(body);
UPDATE balances SET
  credits = (SELECT coalesce(sum(max(p.amount, 0)), 0) FROM postings p WHERE p.account = balances.account),
  debits = (SELECT coalesce(sum(max(-p.amount, 0)), 0) FROM postings p WHERE p.account = balances.account);
"""
"""What version 2 lacks: all that was booked before there were statements goes into the first one.

The clients' keys of before stand in the settings, and nowhere else.

`leaf_of`: a function that the connection must have, from a receipt's body to its leaf.
"""
FROM_1 = """
ALTER TABLE verdicts ADD COLUMN statistics TEXT NOT NULL DEFAULT '[]';
ALTER TABLE verdicts ADD COLUMN calibration TEXT NOT NULL DEFAULT '';
ALTER TABLE verdicts ADD COLUMN positions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE evidence ADD COLUMN outcome TEXT NOT NULL DEFAULT 'rejected';
"""
FROM_1 += _SINCE_2 + FROM_2
"""What version 1 lacks."""
BEFORE = {1: FROM_1, 2: FROM_2}
"""The way here from each older version."""
