"""A run in figures, and every draw of it recomputed: from the database alone."""
