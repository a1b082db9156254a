"""The nodes that are signed in: who they are, what they were given, and what the network says to them.

What a node says of itself is a claim; how its answers are judged is no concern of this room.
"""
