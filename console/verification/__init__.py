"""Keyed sampling, commitments, replay, recompute: how an answer is made checkable and checked. Pure.

Follows Token-DiFR (arXiv 2511.20621) in that every token is a function of logits and a public seed, and adds
a commitment to the rounded logits. No model, clock, file or socket may enter: logits come in as arguments.
"""
