"""A whole network in one process: real coordinator code, and simulated nodes, clients, wires, disk and time.

In the manner of FoundationDB and TigerBeetle: one seed decides everything that happens in a history (who
lies, what breaks, how long each frame travels), and nothing waits for real time. After every commit jobs and
money are held against what must always be true (`books`); when a history rests, so are draws (`transcript`,
`attendance`) and verdicts (`proofs`). A seed that breaks something gives the same history, byte for byte:

    PYTHONPATH=.:tests python -m simulation --seeds 1234..1234 --trace

What is simulated, and not the coordinator's own: the event loop's clock and threads (`loop`), WebSockets and
HTTP (`network`), the disk under the real SQLite adapter (`disk`), the model (`model`), and signatures, which
are valid exactly where their key's owner made them (`signatures`). The sealing of evidence is real, and draws
its own randomness: sealed bytes are the one thing that no trace holds.
"""
