"""A proxy for local OpenAI programs that holds the nonce of each request, and checks the draw that follows.

It trusts nobody for the draw: the coordinator fixes a ticket before it learns the nonce, and the proof must
show that the pick follows from both. No engine, no ledger and no screen may enter.
"""
