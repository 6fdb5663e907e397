"""The tables of the liability page, each with its definition."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from analytics.liability import forecasts, holdings
from analytics.liability.breakage import share as _share
from analytics.liability.forecasts import Outlook
from analytics.liability.position import AGES, Position
from analytics.liability.triangles import first_of, number_of
from analytics.views.money.sheets import Column, Sheet
from loyaltysite.kit import formats
from rewards.models import Tier
from rewards.queries import name_of

# Months that have passed, on the chart of the course.
BACK = 12


def course(position: Position, outlook: Outlook | None) -> Sheet:
    now = number_of(position.until)
    months = [first_of(now - BACK + 1 + step) for step in range(BACK)]
    past = [
        [month, held, position.money(held), None, None]
        for month, held in zip(months, position.course(BACK), strict=True)
    ]
    coming = []
    if outlook:
        for step, held in list(enumerate(outlook.held))[1:]:
            low, high = outlook.held_within[step]
            coming.append(
                [first_of(now + step), round(held), *(position.money(amount) for amount in (held, low, high))]
            )
    return Sheet(
        "course",
        _("Liability and forecast"),
        [
            Column(_("End of"), "month"),
            Column(formats.unit_name(0, position.unit), "units"),
            Column(_("Worth"), "money"),
            Column(_("At least"), "money"),
            Column(_("At most"), "money"),
        ],
        [*past, *coming],
        _(
            "What members and households hold: usable, pending and reserved, at the worth of one. The forecast gives as much "
            "each month as the mean of the last %(months)s and lets it be used and end as earlier months were at the same age. "
            "Nine of ten forecasts made from months drawn anew lie between the two bounds."
        )
        % {"months": formats.format_number(forecasts.FRESH_MONTHS)},
    )


def coming(position: Position, outlook: Outlook | None) -> Sheet:
    rows = []
    if outlook:
        for step in range(len(outlook.used)):
            low, high = outlook.used_within[step]
            figures = (outlook.used[step], low, high, outlook.ended[step])
            rows.append(
                [
                    first_of(outlook.first + step),
                    round(outlook.used[step]),
                    *(position.money(amount) for amount in figures),
                ]
            )
    return Sheet(
        "coming",
        _("What will be used and what will end"),
        [
            Column(_("Month"), "month"),
            Column(_("Will be used"), "units"),
            Column(_("Worth"), "money"),
            Column(_("At least"), "money", "p2"),
            Column(_("At most"), "money", "p2"),
            Column(_("Will end"), "money"),
        ],
        rows,
        _(
            "Of what is held and of what will be given: the share that was used at the same age before. What is left in its last "
            "month ends. The first row is the rest of this month."
        ),
    )


def ends(position: Position) -> Sheet:
    held = position.held
    return Sheet(
        "ends",
        _("By month of end"),
        [
            Column(_("Can be used until"), "month"),
            Column(formats.unit_name(0, position.unit), "units"),
            Column(_("Worth"), "money"),
            Column(_("Share"), "share"),
        ],
        [
            [first_of(month), amount, position.money(amount), amount / held if held else None]
            for month, amount in position.by_end().items()
        ],
        _(
            "What is held on this day, by the last month in which it can be used. Each lot keeps its own day of end."
        ),
    )


def ages(position: Position) -> Sheet:
    held = position.held
    names = [
        _("under %(n)s months"),
        *[_("%(m)s to %(n)s months")] * (len(AGES) - 1),
        _("%(m)s months and more"),
    ]
    edges = (0, *AGES, 0)
    return Sheet(
        "ages",
        _("By age"),
        [
            Column(_("Earned")),
            Column(formats.unit_name(0, position.unit), "units"),
            Column(_("Worth"), "money"),
            Column(_("Share"), "share"),
        ],
        [
            [
                name % {"m": formats.format_number(edges[band]), "n": formats.format_number(edges[band + 1])},
                amount,
                position.money(amount),
                amount / held if held else None,
            ]
            for band, (name, amount) in enumerate(zip(names, position.by_age(), strict=True))
        ],
        _("By the months since they were first earned; what was sent or moved keeps its age."),
    )


def tiers(position: Position, tiers: Sequence[Tier]) -> Sheet:
    found = holdings.latest(program=position.program, unit_id=position.unit.pk, until=position.until)
    names = {tier.pk: name_of(tier) for tier in tiers}
    order = {tier.pk: tier.rank for tier in tiers}
    rows = []
    about = _("Measured once a night, and at the end of each month.")
    if found:
        day, holding = found
        about = _("Measured at the end of %(day)s, by the tier of that moment.") % {
            "day": formats.format_date(day)
        }
        rows = [
            [names.get(one.tier_id, _("No tier")), one.members, one.held, position.money(one.held)]
            for one in sorted(holding, key=lambda one: -order.get(one.tier_id, -1))
        ]
    return Sheet(
        "tiers",
        _("By tier"),
        [
            Column(_("Tier")),
            Column(_("Holders"), "count"),
            Column(formats.unit_name(0, position.unit), "units"),
            Column(_("Worth"), "money"),
        ],
        rows,
        about,
    )


def cohorts(position: Position) -> Sheet:
    rows = [
        [
            first_of(cohort.month),
            cohort.granted,
            _share(cohort.used, cohort.granted),
            _share(cohort.ended, cohort.granted),
            _share(cohort.held, cohort.granted),
            cohort.unused_share,
            _("Complete") if cohort.is_complete else _("Still lives"),
        ]
        for cohort in reversed(position.breakage.cohorts)
    ]
    return Sheet(
        "cohorts",
        _("Breakage by month of earning"),
        [
            Column(_("Earned in"), "month"),
            Column(_("Given"), "units"),
            Column(_("Used"), "share"),
            Column(_("Ended"), "share", "p2"),
            Column(_("Held"), "share", "p2"),
            Column(_("Never used in the end"), "share"),
            Column(_("State"), css="p3"),
        ],
        rows,
        _(
            "Of what was given in a month, less what was taken back. A month is complete when no more than a 200th of it is still "
            "held; until then its end is the forecast."
        ),
    )
