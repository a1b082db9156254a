"""A gateway before several coordinators: any number of them, none with a state of its own.

It looks up who owns the database of the group that a request is for, and passes the request on. No money,
no draw and no check may enter: those are the owner's, and whoever trusts a relay trusts it with a prompt
in the clear and nothing else.
"""
