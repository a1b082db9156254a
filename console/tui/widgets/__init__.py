"""Widgets of our own, drawn row by row so that only cells that changed are written to the terminal."""
