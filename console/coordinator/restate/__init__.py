"""Every statement recounted from the postings: `quarterdeck audit statement --data`, a process of its own.

It reads a coordinator's database and identity, and believes neither the running balances nor the statements:
it sums the postings anew, builds both trees anew, and says by name what does not agree.
"""
