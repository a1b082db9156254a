"""The whole network on one machine: a coordinator, nodes, a rogue and clients, each a real process.

Starts, watches and ends them, and reports from the coordinator's database what happened. Nothing here judges,
draws or pays: that is the network's work, and practice is only its cast.
"""
