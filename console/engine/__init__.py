"""The model server: a child process that holds the weights and generates, its client, its port.

The process (`python -m console.engine.process`) is the only place that imports llama_cpp; it listens on a
Unix socket and can crash without taking anything along. Nothing here knows of networks, money or screens.
"""
