"""A job from its hold to its end: attempts, result, verdict, money.

HTTP stops before this room, and sockets behind `nodes`; a job's text stays in memory.
"""
