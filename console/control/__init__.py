"""Agent and clients: the messages between them, the server, the link, and the state they share.

State is frozen and changes through pure reducers, the same on both sides: the agent reduces an event and
sends it on, a client reduces what it gets. No screen, no engine and no network client may enter.
"""
