"""Rosters, seeds, draws, proofs: who gets a job, and how anyone recomputes it. Pure.

No clock, no randomness of its own, no network and no database may enter.
"""

from console.fairness.check import DrawCheck as DrawCheck
from console.fairness.check import band95 as band95
from console.fairness.check import chances as chances
from console.fairness.check import check_draw as check_draw
from console.fairness.check import draw_bytes as draw_bytes
from console.fairness.check import pick_of as pick_of
from console.fairness.draw import SEEDS_PER_EPOCH as SEEDS_PER_EPOCH
from console.fairness.draw import EpochSeeds as EpochSeeds
from console.fairness.draw import Pick as Pick
from console.fairness.draw import Roster as Roster
from console.fairness.draw import nonce_commitment as nonce_commitment
from console.fairness.draw import pick as pick
from console.fairness.draw import roster_of as roster_of
from console.fairness.shares import Share as Share
