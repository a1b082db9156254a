"""The network's side: nodes, draws, dispatch, audits, books and the gateway, in one process.

Peers are met on the wire only: nothing of `agent`, `network`, `control` or the console may enter. What a node
says is a claim; text, money and verdicts come from here. Prompts and answers live in memory alone.
"""
