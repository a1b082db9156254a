"""Keeping the engine alive: what to do when is a pure machine, doing it is a thin shell around it."""
