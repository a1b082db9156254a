"""The node and the epochs' statements: fetched, checked, kept, and reconciled with the journal."""
