"""How an engine is to be started on this machine: a pure function from facts to a plan with its reasons.

No I/O, no clock, no llama.cpp: who asks looks at the machine first, and measures afterwards.
"""

from __future__ import annotations

from console.engine.plan.facts import Card, Learned, Machine, Weights, Wishes
from console.engine.plan.plan import Plan, Why, make_plan
from console.engine.plan.steps import STEPS_MOST

__all__ = ["STEPS_MOST", "Card", "Learned", "Machine", "Plan", "Weights", "Why", "Wishes", "make_plan"]
