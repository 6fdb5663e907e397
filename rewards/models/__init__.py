"""The tables of `rewards`, one aggregate a module."""

from rewards.models.adjustments import PendingAdjustment
from rewards.models.awards import Award, Counter, Pricing, Settlement
from rewards.models.bulk import BulkAction, BulkItem
from rewards.models.catalogue import Reward, RewardPicture
from rewards.models.endings import ExpiryNotice, Reinstatement
from rewards.models.holds import Hold
from rewards.models.imports import ImportRun
from rewards.models.ledger import Allocation, Entry, EntryKind, Lot, Unit, Wallet
from rewards.models.redemptions import Redemption
from rewards.models.rules import EarningRule, RuleDraft, RuleVersion
from rewards.models.seals import Seal, SealedHead
from rewards.models.spending import Warrant
from rewards.models.tiers import Metric, Standing, Tier, TierScheme
from rewards.models.till import TillAction

__all__ = [
    "Allocation",
    "Award",
    "BulkAction",
    "BulkItem",
    "Counter",
    "EarningRule",
    "Entry",
    "EntryKind",
    "ExpiryNotice",
    "Hold",
    "ImportRun",
    "Lot",
    "Metric",
    "PendingAdjustment",
    "Pricing",
    "Redemption",
    "Reinstatement",
    "Reward",
    "RewardPicture",
    "RuleDraft",
    "RuleVersion",
    "Seal",
    "SealedHead",
    "Settlement",
    "Standing",
    "Tier",
    "TierScheme",
    "TillAction",
    "Unit",
    "Wallet",
    "Warrant",
]
