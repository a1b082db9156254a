"""The `Network` port and its clients: how a node signs in, hears and speaks.

Knows frames, sessions and reconnection. What an assignment means, what an answer earns and what the operator
wants are not its business: no journal, engine, policy or screen may enter.
"""
