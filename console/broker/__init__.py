"""What both ends need of NATS: a connection under one's own key, and a line over its messages.

Neither a node's business nor a coordinator's may enter: who dials, what is said on a line and what a
frame means is theirs. Without the extra `cluster` this room imports all the same, and says at the first
connection what is missing.
"""
