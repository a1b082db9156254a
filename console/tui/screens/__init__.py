"""Screens: which panels there are, where they stand, and what the keys do there."""
