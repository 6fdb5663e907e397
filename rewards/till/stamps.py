"""One tap instead of an amount: what a stamp stands for is sold, and the rules do the rest.

A tap is an ordinary sale of an article, with its reasons, its undoing and its way through a bad network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import conditions
from loyaltysite.kit.conditions.kinds import Op
from loyaltysite.kit.conditions.nodes import Leaf, walk
from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards import queries, rulebook, units
from rewards.engine import fields
from rewards.engine import rules as engine_rules
from rewards.engine.facts import Line
from rewards.engine.rules import ORDER, Rule
from rewards.models import TillStamp, Unit
from rewards.till import goods
from rewards.till.goods import Article

TIMES = (1, 2, 3)
# What gives so many for a piece, a purchase or a visit, whatever it costs.
GIVING = ("per_item", "per_order", "per_visit")
MOST_MINOR = 10**9


class StampRefused(DomainError):
    code = "stamp_refused"
    message = _("This stamp cannot be.")


@dataclass(frozen=True, slots=True)
class Choice:
    """So many pieces sold with one tap, what they bring in ledger units if nothing is in the way, and what they cost."""

    times: int
    amount: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """A unit, the article that one stamp stands for, and the rule that gives it."""

    unit: Unit
    article: Article
    rule: Rule

    @property
    def choices(self) -> list[Choice]:
        """One, two and three where each piece brings something; one where the purchase does."""
        times = TIMES if self.rule.amount.kind == "per_item" else TIMES[:1]
        value, price = self.rule.amount.value, self.article.price_minor
        return [Choice(count, int(value * count), price * count) for count in times]


def offered(*, program: Program, now: datetime) -> list[Stamp]:
    """One for each unit of stamps that a rule in force gives for purchases, in the order of the units. One statement
    for a program without such a unit."""
    found = [unit for unit in queries.units_of(program) if units.is_stamp(unit)]
    if not found:
        return []
    kept = {row.unit_id: row for row in TillStamp.objects.filter(program=program)}
    stamps = (_stamp(program, unit, kept.get(unit.pk), now) for unit in found)
    return [stamp for stamp in stamps if stamp is not None]


def _stamp(program: Program, unit: Unit, row: TillStamp | None, now: datetime) -> Stamp | None:
    rule = rule_of(program=program, unit=unit, now=now)
    if rule is None or (row is not None and not row.is_shown):
        return None
    article = _article(row) if row else _most_sold(program, rule)
    return Stamp(unit, article, rule) if article else None


def _article(row: TillStamp) -> Article:
    return Article(row.sku, row.name, row.category, row.price_minor)


def _most_sold(program: Program, rule: Rule) -> Article | None:
    """What is sold most of all that this rule takes."""
    return next((article for article in goods.most_sold(program=program) if fits(rule, article)), None)


def rule_of(*, program: Program, unit: Unit, now: datetime) -> Rule | None:
    """The first rule in force that gives this unit for purchases, whatever they cost."""
    book = rulebook.of(
        program.pk, database=str(connection.settings_dict["NAME"]), catalogue=program.catalogue
    )
    found = (_rule(book, number) for number in book.engine_at(now).versions)
    giving = [rule for rule in found if rule.unit == unit.key and rule.kind == ORDER]
    giving = [rule for rule in giving if rule.amount.kind in GIVING]
    return min(giving, key=lambda rule: rule.place, default=None)


def _rule(book: rulebook.Rulebook, number: int) -> Rule:
    version = book.versions[number]
    return engine_rules.parse(
        version.definition,
        rule_id=version.rule_id,
        version_id=version.pk,
        key=version.rule.key,
        name=version.rule.name,
    )


def fits(rule: Rule, article: Article) -> bool:
    """Whether the rule's filter of lines takes one piece of it."""
    if not rule.lines:
        return True
    line = Line(0, article.sku, article.name, article.category, 1, article.price_minor)
    return bool(conditions.parse(rule.lines, fields.LINE).predicate()(line))


def proposed(*, program: Program, unit: Unit, now: datetime) -> dict[str, str | int]:
    """What a form begins with: the setting, else the article that the till takes, else what the rule's filter names
    first."""
    row = TillStamp.objects.filter(program=program, unit=unit).first()
    if row is not None:
        return {"sku": row.sku, "name": row.name, "category": row.category, "price_minor": row.price_minor}
    rule = rule_of(program=program, unit=unit, now=now)
    article = _most_sold(program, rule) if rule else None
    if article is not None:
        return {
            "sku": article.sku, "name": article.name, "category": article.category,
            "price_minor": article.price_minor,
        }  # fmt: skip
    return {} if rule is None else _named(rule)


def _named(rule: Rule) -> dict[str, str | int]:
    """The first SKU, name and category in the rule's filter."""
    if not rule.lines:
        return {}
    found: dict[str, str | int] = {}
    for node in walk(conditions.parse(rule.lines, fields.LINE).root):
        if isinstance(node, Leaf) and node.op in {Op.EQUAL, Op.IN}:
            values = [node.value] if node.op == Op.EQUAL else [*node.value]
            if node.field.name in {"sku", "name", "category"} and values:
                found.setdefault(node.field.name, str(values[0]))
    return found


def by_sku(*, program: Program, skus: Collection[str]) -> Mapping[str, Article]:
    """The articles of the program's stamps that have one of these SKUs."""
    rows = TillStamp.objects.filter(program=program, sku__in=skus) if skus else ()
    return {row.sku: _article(row) for row in rows}


@transaction.atomic
def change(
    *,
    program: Program,
    unit: str,
    sku: str,
    name: str,
    price_minor: int,
    by: User | None,
    now: datetime,
    category: str = "",
    is_shown: bool = True,
) -> TillStamp:
    """Say what a stamp at the till stands for; `price_minor` includes the tax. A repeat changes nothing.

    Raises NotFound, StampRefused with the field."""
    with scope(program=program):
        found = Unit.objects.filter(program=program, key=unit).first()
        if found is None:
            raise NotFound
        article = Article(sku.strip(), name.strip(), category.strip(), price_minor)
        # As it is now: a rule may have been published since the caller read the program.
        _check(Program.objects.get(pk=program.pk), found, article, now)
        row = TillStamp.objects.select_for_update().filter(unit=found).first()
        before = _told(row) if row else {}
        row = row or TillStamp(unit=found, program=program)
        row.sku, row.name, row.category = article.sku, article.name, article.category
        row.price_minor, row.is_shown = price_minor, is_shown
        if _told(row) == before:
            return row
        row.save()
        audit.record(
            program=program, actor=by, action="unit.stamp", subject="unit", subject_id=unit,
            before=before, after=_told(row), now=now,
        )  # fmt: skip
    return row


def _check(program: Program, unit: Unit, article: Article, now: datetime) -> None:
    if not units.is_stamp(unit):
        raise StampRefused(_("This unit is not one of stamps."))
    for field in ("sku", "name"):
        if not getattr(article, field):
            raise StampRefused(_("Say what is sold."), field=field)
    if not 0 < article.price_minor <= MOST_MINOR:
        raise StampRefused(_("The price is above zero."), field="price")
    rule = rule_of(program=program, unit=unit, now=now)
    if rule is None:
        raise StampRefused(_("No rule in force gives this unit for purchases."))
    if not fits(rule, article):
        sentence = conditions.describe(conditions.parse(rule.lines, fields.LINE), currency=program.currency)
        text = _("“%(rule)s” gives nothing for this. It needs: %(what)s.")
        raise StampRefused(text, field="category", rule=rule.name, what=sentence)


def _told(row: TillStamp) -> dict[str, str | int | bool]:
    return {
        "sku": row.sku,
        "name": row.name,
        "category": row.category,
        "price_minor": row.price_minor,
        "is_shown": row.is_shown,
    }
