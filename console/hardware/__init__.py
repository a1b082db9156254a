"""What this machine is, and how it feels right now.

Drivers hang, crash and lie, so every question that a driver answers is asked in a child process with a
deadline (`isolate`), and every answer is judged against what can be true (`judge*`) before it becomes a
fact (`facts`). `report.gather` answers once; `sampler.Sampler` answers every two seconds.

May not enter: Textual, the network, money, anything that decides what the node does about what is seen.
"""
