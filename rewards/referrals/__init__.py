"""Two-sided referral: a member brings a friend, and both get their prize once the friend's first purchase stands (E7)."""

from rewards.referrals.claims import arrive, claim
from rewards.referrals.decisions import approve, refuse
from rewards.referrals.progress import advance, look_again

__all__ = ["advance", "approve", "arrive", "claim", "look_again", "refuse"]
