"""The presets, in the order of a member's life with the shop."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from campaigns.presets import groups
from campaigns.presets.preset import Graph, Group, Preset, Shop, Step, Tree

AT_TEN: Step = {"kind": "wait_local", "hour": 10}
END: Step = {"kind": "exit"}
# How a shop reports trouble and its end; docs/campaigns.md says how to send them.
TROUBLE, ANSWERED, REVIEWED = "event.service.failed", "event.service.answered", "event.review.written"
# Of five stars that a review may bring along.
GLAD, SAD = 4, 3


def _graph(trigger: Step, entry: Step, steps: list[Step], **rules: object) -> Graph:
    base: Graph = {"exit": [], "holdout": 0, "goal": None, "priority": 5, "window": {"late_hours": 48}}
    return base | rules | {"trigger": {"where": None} | trigger, "entry": entry, "steps": steps}


def _on(event: str) -> Step:
    return {"kind": "event", "event": event}


def _until(event: str, days: int, *, then: list[Step], otherwise: list[Step]) -> Step:
    wait: Step = {"kind": "wait_event", "event": event, "where": None, "timeout_days": days}
    return wait | {"then": then, "else": otherwise}


def _welcome(shop: Shop) -> Graph:
    steps = [
        shop.message("welcome"),
        {"kind": "wait", "hours": 4},
        AT_TEN,
        *shop.present(),
        shop.message("welcome_gift"),
    ]
    return _graph(
        _on("member.joined"), {"mode": "once"}, steps, goal={"event": "order", "days": 30}, priority=2
    )


def _activation(shop: Shop) -> Graph:
    late = [AT_TEN, shop.message("activation")]
    wait = _until("order", 14, then=[END], otherwise=late)
    return _graph(
        _on("member.joined"),
        {"mode": "once"},
        [wait],
        exit=[{"event": "order", "where": None}],
        goal={"event": "order", "days": 45},
        holdout=10,
        priority=4,
    )


def _renewal(shop: Shop) -> Graph:
    trigger = {"kind": "date", "date": "tier_expiry", "offset_days": -30, "hour": 10}
    steps = [shop.message("renewal_tier")]
    return _graph(trigger, {"mode": "each"}, steps, exit=[{"event": "tier.changed", "where": None}])


def _renewal_plan(shop: Shop) -> Graph:
    trigger = {"kind": "date", "date": "plan_expiry", "offset_days": -14, "hour": 10}
    steps = [shop.message("renewal_plan")]
    return _graph(trigger, {"mode": "each"}, steps, exit=[{"event": "plan.renewed", "where": None}])


def _win_back(shop: Shop) -> Graph:
    second = [AT_TEN, *shop.present(times=2), shop.message("win_back_gift")]
    steps = [shop.message("win_back"), _until("order", 7, then=[END], otherwise=second)]
    trigger = {"kind": "inactivity", "tenths": 25, "least_days": 30, "hour": 10}
    return _graph(
        trigger,
        {"mode": "cooldown", "days": 180},
        steps,
        exit=[{"event": "order", "where": None}],
        goal={"event": "order", "days": 30},
        holdout=10,
    )


def _best(shop: Shop) -> Graph:
    steps: list[Step] = [
        {"kind": "tag", "tag": "vip", "do": "add"},
        AT_TEN,
        shop.message("vip"),
        {"kind": "task", "title": str(_("Write a personal note")), "days": 3},
    ]
    trigger = {"kind": "segment_entered", "segment": shop.segments["vip"]}
    return _graph(trigger, {"mode": "once"}, steps, priority=3)


def _birthday(shop: Shop) -> Graph:
    trigger = {"kind": "date", "date": "birthday", "offset_days": 0, "hour": 9}
    steps = [*shop.present(), shop.message("birthday", capped="skip")]
    return _graph(trigger, {"mode": "period", "period": "year"}, steps, priority=2)


def _expiry(shop: Shop) -> Graph:
    trigger = {"kind": "date", "date": "lot_expiry", "offset_days": -14, "hour": 10}
    return _graph(trigger, {"mode": "period", "period": "month"}, [shop.message("expiry")], priority=3)


def _near(shop: Shop) -> Graph:
    trigger = {"kind": "segment_entered", "segment": shop.segments["tier-near"]}
    steps = [AT_TEN, shop.message("tier_near")]
    out = [{"event": "tier.changed", "where": None}]
    return _graph(trigger, {"mode": "cooldown", "days": 60}, steps, exit=out)


def _abandoned(shop: Shop) -> Graph:
    late = [AT_TEN, shop.message("abandoned")]
    wait = _until("reward.fulfilled", 3, then=[END], otherwise=late)
    return _graph(_on("reward.reserved"), {"mode": "each"}, [wait])


def _care() -> Step:
    return {"kind": "task", "title": str(_("Look into what went wrong and call the member")), "days": 1}


def _recovery(shop: Shop) -> Graph:
    steps: list[Step] = [
        *shop.present(times=2, members=200),
        shop.message("recovery", purpose="transactional"),
        _care(),
        _until(ANSWERED, 14, then=[END], otherwise=[]),
    ]
    return _graph(_on(TROUBLE), {"mode": "cooldown", "days": 30}, steps, priority=1)


def _rated(op: str, stars: int) -> Tree:
    """Who wrote a review with so many stars lately."""
    where: list[Tree] = [
        {"field": "activity.kind", "op": "=", "value": REVIEWED.removeprefix("event.")},
        {"field": "activity.at", "op": "within last", "value": 14},
        {"field": "data.number.stars", "op": op, "value": str(stars)},
    ]
    return {"has": "activities", "where": {"all": where}}


def _review(shop: Shop) -> Graph:
    """Who is not content is called first; a friend is asked of those who are, and of nobody who did not say."""
    answered: Step = {
        "kind": "branch",
        "paths": [
            {"name": str(_("Not satisfied")), "where": _rated("<=", SAD), "steps": [_care()]},
            {"name": str(_("Satisfied")), "where": _rated(">=", GLAD), "steps": [shop.message("referral")]},
        ],
        "else": [],
    }
    asked = _until(REVIEWED, 14, then=[answered], otherwise=[])
    steps: list[Step] = [
        {"kind": "wait", "days": 5},
        {"kind": "wait_local", "hour": 18},
        shop.message("review", capped="skip"),
        asked,
    ]
    out = [{"event": "return", "where": None}, {"event": TROUBLE, "where": None}]
    return _graph(_on("order"), {"mode": "cooldown", "days": 60}, steps, exit=out, priority=7)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "welcome",
        _("Welcome"),
        _("Shows new members how to earn and redeem, and gives the first present within a day."),
        ("welcome", "welcome_gift"),
        _welcome,
    ),
    Preset(
        "activation",
        _("Activation"),
        _("Writes to who joined two weeks ago and has not ordered yet."),
        ("activation",),
        _activation,
    ),
    Preset(
        "renewal",
        _("Renewal of a tier"),
        _("A month before a tier ends: how much is left to keep it."),
        ("renewal_tier",),
        _renewal,
    ),
    Preset(
        "renewal-plan",
        _("Renewal of a plan"),
        _("Two weeks before a paid plan ends."),
        ("renewal_plan",),
        _renewal_plan,
    ),
    Preset(
        "win-back",
        _("Win-back"),
        _("For who is silent two and a half times as long as usual; a present if a message is not enough."),
        ("win_back", "win_back_gift"),
        _win_back,
    ),
    Preset(
        "vip",
        _("Best customers"),
        _("The five percent who spent most: early access, a tag, and a task to write a personal note."),
        ("vip",),
        _best,
        (Group("vip", _("Best customers"), groups.best),),
    ),
    Preset("birthday", _("Birthday"), _("A present and good wishes, once a year."), ("birthday",), _birthday),
    Preset(
        "expiry",
        _("Points about to end"),
        _("Two weeks before points end, with what can be had for them."),
        ("expiry",),
        _expiry,
    ),
    Preset(
        "tier-near",
        _("Close to the next tier"),
        _("For who needs little to reach the next tier."),
        ("tier_near",),
        _near,
        (Group("tier-near", _("Close to the next tier"), groups.near),),
    ),
    Preset(
        "abandoned",
        _("Reward not used"),
        _("Three days after a reward was taken and not used."),
        ("abandoned",),
        _abandoned,
    ),
    Preset(
        "recovery",
        _("Service recovery"),
        _("After a bad comment or a late delivery: an apology with a present, and a task for the team."),
        ("recovery",),
        _recovery,
    ),
    Preset(
        "review",
        _("Review and referral"),
        _(
            "Some days after an order asks for a review. Who is satisfied is asked to bring a friend; who is not is called."
        ),
        ("review", "referral"),
        _review,
    ),
)


def preset_of(key: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.key == key), None)


__all__ = ["PRESETS", "Group", "preset_of"]
