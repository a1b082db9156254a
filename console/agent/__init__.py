"""The node's daemon: identity, journal, engine supervision, jobs, policies, and the one current reason.

Owns the truth about this node; consoles and commands are clients of its control socket. It imports no
llama_cpp, draws nothing, and never writes a prompt, an answer or token ids anywhere unsealed.
"""
