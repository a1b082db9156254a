"""Answers judged: by the reference engine, by a second one before a penalty, sealed with what proves it.

A verdict comes from here; what it costs or earns does not.
"""
