"""A node's line from challenge to end: what comes in on it is checked here, and goes to whom it concerns.

No job is decided here, and no money moves.
"""
