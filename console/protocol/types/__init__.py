"""Values that travel in several messages: rules, draws, work, verdicts, money."""

from __future__ import annotations

from console.protocol.types.draws import LOAD as LOAD
from console.protocol.types.draws import DrawProof as DrawProof
from console.protocol.types.draws import Exclusion as Exclusion
from console.protocol.types.draws import Ticket as Ticket
from console.protocol.types.money import Balances as Balances
from console.protocol.types.money import Posting as Posting
from console.protocol.types.money import Receipt as Receipt
from console.protocol.types.money import Transaction as Transaction
from console.protocol.types.policy import LATER_RULES as LATER_RULES
from console.protocol.types.policy import USUAL_POLICY as USUAL_POLICY
from console.protocol.types.policy import Policy as Policy
from console.protocol.types.verdicts import Fault as Fault
from console.protocol.types.verdicts import Outcome as Outcome
from console.protocol.types.verdicts import Statistic as Statistic
from console.protocol.types.verdicts import StatisticName as StatisticName
from console.protocol.types.verdicts import Verdict as Verdict
from console.protocol.types.verdicts import VerdictMode as VerdictMode
from console.protocol.types.work import TOP_K as TOP_K
from console.protocol.types.work import Assignment as Assignment
from console.protocol.types.work import FinishReason as FinishReason
from console.protocol.types.work import ModelOffer as ModelOffer
from console.protocol.types.work import Result as Result
from console.protocol.types.work import SamplingRules as SamplingRules
