"""The tables in PostgreSQL: those of SQLite, one with the version, one that tells whether a commit stands."""

from __future__ import annotations

from console.coordinator.store.dialect import Layout, tables
from console.coordinator.store.errors import StoreError
from console.coordinator.store.postgres_batch import BEGIN
from console.coordinator.store.postgres_link import Link
from console.coordinator.store.schema import TABLES, VERSION

_LACKING = {0: TABLES}
"""What a database of that version lacks; there is none in PostgreSQL that is older than version 3."""
_OWN = """
CREATE TABLE IF NOT EXISTS version (version BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS commits (
  store TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (store, number)
);
CREATE OR REPLACE FUNCTION quarterdeck_must(changed BIGINT, step BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
  IF changed <> 1 THEN RAISE EXCEPTION 'quarterdeck_must:%', step; END IF;
  RETURN step;
END $$;
CREATE OR REPLACE FUNCTION json_each(list TEXT) RETURNS TABLE (value TEXT) LANGUAGE sql IMMUTABLE AS
  'SELECT json_array_elements_text(list::json)';
CREATE OR REPLACE FUNCTION json_extract(body TEXT, path TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS
  'SELECT (body::json ->> substr(path, 3))::bigint';
"""
"""The functions that SQLite has and statements of ours use, with as much as they need of them."""
_COLUMNS = """SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
  FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY 1"""
_KEYS = """SELECT c.relname::text,
  array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
  WHERE i.indisprimary AND c.relnamespace = current_schema()::regnamespace GROUP BY 1"""


def migrate(link: Link) -> dict[str, Layout]:
    """Make or complete the tables; what they look like.

    Raises:
        StoreError: written by a newer Quarterdeck, or not in UTF-8.
        LostError, asyncpg.PostgresError: as `Link.rows`.
    """
    ((encoding,),) = link.rows("SHOW server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"The database {link.name} keeps its text as {encoding}, and Quarterdeck needs UTF8. "
            "Make another one: createdb --encoding=UTF8 --template=template0 NAME."
        )
    link.script(f"{BEGIN} {_OWN}")
    found = link.rows("SELECT version FROM version")
    version = found[0][0] if found else 0
    if version != VERSION and version not in _LACKING:
        link.script("ROLLBACK")
        raise StoreError(
            f"The database {link.name} has version {version}; this Quarterdeck knows {VERSION}. "
            "Use the newer Quarterdeck that wrote it, or name another database."
        )
    if version != VERSION:
        lacking = tables(_LACKING[version])
        link.script(f"{lacking} DELETE FROM version; INSERT INTO version VALUES ({VERSION});")
    link.script("COMMIT")
    keys = dict(link.rows(_KEYS))
    return {name: Layout(tuple(names), tuple(keys.get(name, ()))) for name, names in link.rows(_COLUMNS)}
