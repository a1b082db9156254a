"""Quarterdeck: put a machine to work on an inference network, and see what it does and earns.

Each folder below is a room with one job; its docstring says what it is for and what may not enter.
"""

__version__ = "0.1.0"
