"""Verdicts recomputed on the operator's own machine: `quarterdeck audit verdict`, a process of its own.

It reads a coordinator's database and the keys that open its evidence, and believes neither. What it says are
names, counts and positions; no token id and no text may leave it.
"""
