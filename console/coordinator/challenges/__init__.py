"""Whether several ids are one machine: asked at one moment, by public rules.

docs/sybils.md says what that is worth. What follows of it is said by `nodes`.
"""
