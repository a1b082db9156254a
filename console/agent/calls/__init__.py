"""Calling the operator: what needs a person goes out by the ways that were configured, and not too often.

No screen and no network of nodes may enter; what is told is a note of the event log and nothing else.
"""
