"""Epochs and draws: committed seeds, gapless tickets, revealed nonces; all of it signed and on record.

Who may be drawn is said by `rosters`; what the winner does is no concern of this room.
"""
