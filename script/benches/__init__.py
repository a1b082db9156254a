"""Measurements behind `script/bench NAME`: what each costs on this machine, held against DESIGN's budgets.

Only here may test doubles and the product's inner parts meet; the product imports nothing from here.
"""
