"""The engine's process: holds the model, generates and scores; the only place that imports llama_cpp.

One main thread answers HTTP on a private Unix socket; one worker thread owns the model. No network name,
money, identity or screen may enter, and no prompt or text may leave other than as an answer to the caller.
"""
