"""The tables of `analytics`, one aggregate a module."""

from analytics.models.alerts import Alert
from analytics.models.attribution import AttributionPolicy, CreditDay, CreditProductDay
from analytics.models.backtests import Backtest, BacktestChunk, BacktestMember
from analytics.models.goals import Goal, GoalDay
from analytics.models.kpis import Cut, MemberFigure, Pair, PairDay, PairKind, TradeDay
from analytics.models.money import (
    Account,
    AccountNumber,
    Budget,
    CohortShare,
    JournalLine,
    JournalMonth,
    LotDay,
    Payback,
    ProgramCost,
    SalesMonth,
    SourceDay,
    TierHolding,
)
from analytics.models.reviews import Review, ReviewItem
from analytics.models.rollups import (
    ACTIVE,
    OFTEN,
    Change,
    Day,
    Presence,
    PresenceDay,
    Recount,
    RuleDay,
    UnitDay,
)
from analytics.models.saved import Round, SavedView, Subscription
from analytics.models.scores import Chosen, ModelFit, ScoreRun, SelfTest, ValuePolicy

__all__ = [
    "ACTIVE",
    "OFTEN",
    "Account",
    "AccountNumber",
    "Alert",
    "AttributionPolicy",
    "Backtest",
    "BacktestChunk",
    "BacktestMember",
    "Budget",
    "Change",
    "Chosen",
    "CohortShare",
    "CreditDay",
    "CreditProductDay",
    "Cut",
    "Day",
    "Goal",
    "GoalDay",
    "JournalLine",
    "JournalMonth",
    "LotDay",
    "MemberFigure",
    "ModelFit",
    "Pair",
    "PairDay",
    "PairKind",
    "Payback",
    "Presence",
    "PresenceDay",
    "ProgramCost",
    "Recount",
    "Review",
    "ReviewItem",
    "Round",
    "RuleDay",
    "SalesMonth",
    "SavedView",
    "ScoreRun",
    "SelfTest",
    "SourceDay",
    "Subscription",
    "TierHolding",
    "TradeDay",
    "UnitDay",
    "ValuePolicy",
]
