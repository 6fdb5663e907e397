"""The table of cases, priced purely."""

import pytest

from rewards.engine import contexts
from tests.rewards.engine.cases import CASES, Case
from tests.rewards.engine.pricing_of import fold, program_of, rules_of

PARAMS = [pytest.param(case, id=case.name) for case in CASES]


@pytest.mark.parametrize("case", PARAMS)
def test_each_rule_awards_what_it_should(case: Case):
    keys = {rule.id: rule.key for rule in rules_of(case.rules)}

    for order, _occasion, _context, pricing, _rest in fold(case):
        awarded = {keys[award.rule_id]: award.awarded for award in pricing.awards if award.awarded}
        cut = {keys[award.rule_id]: award.cut_by for award in pricing.awards if award.cut_by}

        assert awarded == dict(order.given), order.at
        assert cut == dict(order.cut), order.at


@pytest.mark.parametrize("case", PARAMS)
def test_what_is_left_after_a_return_is_the_price_without_the_lines(case: Case):
    for order, _occasion, _context, _pricing, rest in fold(case):
        assert rest.totals == dict(order.left), order.at


@pytest.mark.parametrize("case", PARAMS)
def test_totals_grants_and_awards_agree(case: Case):
    for _order, _occasion, _context, pricing, _rest in fold(case):
        by_award: dict[str, int] = {}
        by_grant: dict[str, int] = {}
        for award in pricing.awards:
            by_award[award.unit] = by_award.get(award.unit, 0) + award.awarded
        for grant in pricing.grants:
            by_grant[grant.unit] = by_grant.get(grant.unit, 0) + grant.amount

        assert {unit: total for unit, total in by_award.items() if total} == pricing.totals
        assert by_grant == pricing.totals


@pytest.mark.parametrize("case", [case for case in CASES if case.lots], ids=lambda case: case.name)
def test_other_terms_open_their_own_lot(case: Case):
    pricing = next(fold(case))[3]

    assert {grant.terms: grant.amount for grant in pricing.grants} == case.lots


@pytest.mark.parametrize("case", PARAMS)
def test_a_stored_context_prices_the_same(case: Case):
    program = program_of(case)

    for _order, occasion, context, pricing, _rest in fold(case):
        stored = contexts.load(contexts.dump(context))

        assert stored == context
        assert program.price(occasion, stored) == pricing
