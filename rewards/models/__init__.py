"""The tables of `rewards`, one aggregate a module."""

from rewards.models.adjustments import PendingAdjustment
from rewards.models.awards import Award, Counter, Pricing, Settlement
from rewards.models.badges import Badge, BadgeProgress, BadgeShare, BadgeTeam, BadgeWin, ChallengeEntry
from rewards.models.bulk import BulkAction, BulkItem
from rewards.models.cards import GiftCard
from rewards.models.catalogue import Reward, RewardPicture
from rewards.models.causes import Cause, CauseTotal, Donation, Payout, ReceiptBook
from rewards.models.codes import Code, CodeBatch, CodePool
from rewards.models.coupons import Coupon, CouponUse
from rewards.models.endings import ExpiryNotice, Reinstatement
from rewards.models.gatherings import Gathering, GatheringReminder
from rewards.models.holds import Hold
from rewards.models.households import Household, HouseholdInvitation, HouseholdPlace
from rewards.models.imports import ImportRun
from rewards.models.ledger import Allocation, Entry, EntryKind, Lot, Unit, Wallet
from rewards.models.plans import Plan, Saving, Term
from rewards.models.redemptions import Redemption
from rewards.models.referrals import Referral, ReferralLink, ReferralMark, ReferralScheme
from rewards.models.rules import EarningRule, RuleDraft, RuleVersion
from rewards.models.seals import Seal, SealedHead
from rewards.models.sendings import Sending
from rewards.models.spending import Warrant
from rewards.models.stamps import TillStamp
from rewards.models.surprises import Surprise, SurpriseGift
from rewards.models.tenders import Tender
from rewards.models.tiers import Metric, Standing, Tier, TierScheme
from rewards.models.till import TillAction

__all__ = [
    "Allocation",
    "Award",
    "Badge",
    "BadgeProgress",
    "BadgeShare",
    "BadgeTeam",
    "BadgeWin",
    "BulkAction",
    "BulkItem",
    "Cause",
    "CauseTotal",
    "ChallengeEntry",
    "Code",
    "CodeBatch",
    "CodePool",
    "Counter",
    "Coupon",
    "CouponUse",
    "Donation",
    "EarningRule",
    "Entry",
    "EntryKind",
    "ExpiryNotice",
    "Gathering",
    "GatheringReminder",
    "GiftCard",
    "Hold",
    "Household",
    "HouseholdInvitation",
    "HouseholdPlace",
    "ImportRun",
    "Lot",
    "Metric",
    "Payout",
    "PendingAdjustment",
    "Plan",
    "Pricing",
    "ReceiptBook",
    "Redemption",
    "Referral",
    "ReferralLink",
    "ReferralMark",
    "ReferralScheme",
    "Reinstatement",
    "Reward",
    "RewardPicture",
    "RuleDraft",
    "RuleVersion",
    "Saving",
    "Seal",
    "SealedHead",
    "Sending",
    "Settlement",
    "Standing",
    "Surprise",
    "SurpriseGift",
    "Tender",
    "Term",
    "Tier",
    "TierScheme",
    "TillAction",
    "TillStamp",
    "Unit",
    "Wallet",
    "Warrant",
]
