"""The same practice command with PostgreSQL and NATS: paid, audited and left behind as with the defaults."""
