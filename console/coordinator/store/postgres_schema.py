"""The tables in PostgreSQL: those of SQLite, one with the version, one that tells whether a commit stands."""

from __future__ import annotations

from console.coordinator.store.dialect import tables
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
CREATE OR REPLACE FUNCTION quarterdeck_owner(mine BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM owner WHERE token = mine) THEN
    RAISE EXCEPTION 'another coordinator owns this database' USING ERRCODE = '55006';
  END IF;
  RETURN mine;
END $$;
CREATE OR REPLACE FUNCTION json_each(list TEXT) RETURNS TABLE (value TEXT) LANGUAGE sql IMMUTABLE AS
  'SELECT json_array_elements_text(list::json)';
CREATE OR REPLACE FUNCTION json_extract(body TEXT, path TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS
  'SELECT (body::json ->> substr(path, 3))::bigint';
"""
"""The functions that SQLite has and statements of ours use, with as much as they need of them."""


def migrate(link: Link) -> None:
    """Make or complete the tables.

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
