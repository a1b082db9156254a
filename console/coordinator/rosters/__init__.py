"""Who may be drawn: a slot's roster by the public rules, and who of it is left out of one draw, with why.

Nothing here knows a connection, a job's text or money.
"""
