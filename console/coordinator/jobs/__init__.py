"""What a job is: its states, what is known of it while it lives, how it can end and in which words.

Nothing here asks a node, a clock or a database.
"""
