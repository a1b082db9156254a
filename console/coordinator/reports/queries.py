"""The SQL behind the report: every count is derived from rows."""

from __future__ import annotations

JOBS = """SELECT
  (SELECT count(*) FROM jobs),
  (SELECT count(*) FROM verdicts WHERE outcome = 'accepted'),
  (SELECT count(*) FROM verdicts WHERE outcome = 'rejected'),
  (SELECT count(*) FROM jobs WHERE state = 'FAILED'),
  (SELECT count(*) FROM jobs WHERE state = 'CANCELLED'),
  (SELECT count(*) FROM jobs WHERE state NOT IN ('SETTLED', 'PENALISED', 'CANCELLED', 'FAILED')),
  (SELECT count(*) FROM verdicts v JOIN jobs j ON j.id = v.job WHERE v.outcome = 'accepted' AND j.price > 0
     AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.id = 'pay:' || v.job)),
  (SELECT count(*) FROM (SELECT account FROM postings WHERE account LIKE 'escrow:%' AND amount < 0
     GROUP BY account HAVING count(*) > 1) AS twice)"""
TOKENS = """SELECT coalesce(sum(j.prompt_tokens), 0), coalesce(sum(j.completion_tokens), 0)
  FROM verdicts v JOIN jobs j ON j.id = v.job"""
AUDITS = """SELECT
  count(*) FILTER (WHERE mode <> 'not_audited'),
  count(*) FILTER (WHERE mode NOT IN ('not_audited', 'structure')),
  count(*) FILTER (WHERE mode IN ('recompute_exact', 'recompute_tolerant')),
  count(*) FILTER (WHERE outcome = 'rejected'),
  coalesce(sum(CASE WHEN mode IN ('recompute_exact', 'recompute_tolerant')
    THEN CASE WHEN positions > 0 THEN positions ELSE tokens_checked END END), 0),
  count(*) FILTER (WHERE mode = 'abstained'),
  count(*) FILTER (WHERE confirmation = 'confirmed'),
  count(*) FILTER (WHERE confirmation = 'disagreed'),
  count(*) FILTER (WHERE confirmation = 'unavailable')
  FROM verdicts v LEFT JOIN audits a ON a.verdict = v.id"""
WORK = """SELECT
  coalesce(sum(generated_rows), 0), coalesce(sum(generation_ms), 0),
  coalesce(sum(rows), 0), coalesce(sum(score_ms), 0),
  coalesce(sum(generated_rows) FILTER (WHERE rate_ppm < 1000000), 0),
  coalesce(sum(generation_ms) FILTER (WHERE rate_ppm < 1000000), 0),
  coalesce(sum(rows) FILTER (WHERE rate_ppm < 1000000), 0),
  coalesce(sum(score_ms) FILTER (WHERE rate_ppm < 1000000), 0),
  coalesce(sum(generated_rows) FILTER (WHERE rows > 0), 0),
  coalesce(sum(generation_ms) FILTER (WHERE rows > 0), 0)
  FROM audits"""
LEDGER = """SELECT
  (SELECT coalesce(sum(amount), 0) FROM postings),
  (SELECT coalesce(sum(amount), 0) FROM postings WHERE "transaction" LIKE 'pay:%' AND account LIKE 'node:%'),
  (SELECT coalesce(sum(amount), 0) FROM postings WHERE account LIKE 'escrow:%'),
  (SELECT coalesce(sum(amount), 0) FROM postings
     WHERE "transaction" LIKE 'refund:%' AND account LIKE 'client:%'),
  (SELECT coalesce(sum(amount), 0) FROM postings
     WHERE "transaction" LIKE 'penalty:%' AND account = 'penalties'),
  (SELECT coalesce(sum(amount), 0) FROM postings
     WHERE "transaction" LIKE 'fee:%' AND account = 'penalties')"""
_SHARES = """WITH places AS (
    SELECT root, node, row_number() OVER (PARTITION BY root ORDER BY node) - 1 AS place FROM roster_members),
  eligible AS (
    SELECT m.node AS candidate, CASE t.chances WHEN 0 THEN t.roster_size ELSE t.chances END AS chances
    FROM tickets t JOIN places m ON m.root = t.roster_root
    WHERE t.node <> '' AND NOT EXISTS (
      SELECT 1 FROM json_each(t.excluded) x WHERE json_extract(x.value, '$.index') = m.place)),
  shares AS (
    SELECT candidate, sum(1000.0 / chances) AS expected,
      sum(1000.0 / chances * (1 - 1.0 / chances)) AS variance FROM eligible GROUP BY candidate)
"""
"""What each node could expect to win of all draws that it was in, thousandths of a draw."""
NODES = (
    _SHARES
    + """SELECT n.id, n.name,
  (SELECT count(*) FROM tickets t WHERE t.node = n.id),
  coalesce(s.expected, 0), coalesce(s.variance, 0),
  (SELECT count(*) FROM verdicts v WHERE v.node = n.id AND v.outcome = 'accepted'),
  (SELECT count(*) FROM verdicts v WHERE v.node = n.id AND v.outcome = 'rejected'),
  (SELECT coalesce(sum(amount), 0) FROM postings
     WHERE "transaction" LIKE 'pay:%' AND account LIKE 'node:' || n.id || ':%'),
  (SELECT coalesce(-sum(amount), 0) FROM postings
     WHERE "transaction" LIKE 'penalty:%' AND account LIKE 'node:' || n.id || ':%'),
  n.suspended_until_ms,
  coalesce((SELECT json_extract(CAST(t.body AS TEXT), '$.crossings') FROM totals t WHERE t.node = n.id), 0)
  FROM nodes n LEFT JOIN shares s ON s.candidate = n.id ORDER BY n.first_seen_ms, n.id"""
)
TIMES = """SELECT
  (SELECT coalesce(min(received_ms), 0) FROM jobs),
  (SELECT coalesce(min(first_token_ms), 0) FROM jobs WHERE first_token_ms > 0),
  (SELECT coalesce(min(at_ms), 0) FROM verdicts WHERE outcome = 'accepted'),
  (SELECT coalesce(min(at_ms), 0) FROM transactions WHERE id LIKE 'pay:%')"""
