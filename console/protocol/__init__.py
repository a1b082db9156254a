"""What node and network say to each other: ids, canonical bytes, keys, signatures, frames. Pure.

Nothing here opens a socket, reads a clock or draws a random number: time and randomness are arguments.
No other room may be imported. The wire protocol is Quarterdeck's own; it implements published rules of
a network but is nobody else's protocol.
"""
