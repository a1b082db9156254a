"""Amounts, accounts, transactions, prices: the network's money as integer nano-credits. Pure.

Double entry, append only; every transaction sums to zero. No clock, database or network may enter.
"""

from console.ledger.accounts import LOAD_CLIENT as LOAD_CLIENT
from console.ledger.accounts import OUTSIDE as OUTSIDE
from console.ledger.accounts import PENALTIES as PENALTIES
from console.ledger.accounts import TREASURY as TREASURY
from console.ledger.accounts import client as client
from console.ledger.accounts import escrow as escrow
from console.ledger.accounts import node_available as node_available
from console.ledger.accounts import node_bond as node_bond
from console.ledger.accounts import node_pending as node_pending
from console.ledger.deterrence import deterrent_ppm as deterrent_ppm
from console.ledger.deterrence import typical_reward as typical_reward
from console.ledger.prices import Price as Price
from console.ledger.prices import collectable as collectable
from console.ledger.prices import price as price
from console.ledger.prices import split_reward as split_reward
from console.ledger.prices import withheld_fee as withheld_fee
from console.ledger.transactions import LedgerError as LedgerError
from console.ledger.transactions import balances_after as balances_after
from console.ledger.transactions import check_transaction as check_transaction
from console.ledger.transactions import close_epoch as close_epoch
from console.ledger.transactions import deposit as deposit
from console.ledger.transactions import fee as fee
from console.ledger.transactions import fund_load as fund_load
from console.ledger.transactions import hold as hold
from console.ledger.transactions import pay as pay
from console.ledger.transactions import penalty as penalty
from console.ledger.transactions import refund as refund
