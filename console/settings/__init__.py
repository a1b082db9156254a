"""Where things lie and what the operator chose.

Holds the folders of this installation and the operator's configuration file, read once and frozen.
No network, no process, no screen may enter.
"""
