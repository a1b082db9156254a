"""How nodes reach a coordinator: the `Transport` port, a WebSocket hub in the process, and NATS.

A line carries frames in order, each once, or ends. What a frame means is the door's business.
"""
