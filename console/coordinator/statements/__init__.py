"""What anybody may read of the network's books: epochs' statements with their proofs, and the transcript.

No client is named, and nobody who reads holds up a draw.
"""
