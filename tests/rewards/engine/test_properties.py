"""The engine against the naive model, and what must hold for all rules, orders and contexts."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.engine.compilation import UnitTerms, compile_rules
from rewards.engine.explanation import explain
from tests.rewards.engine.model import Model
from tests.rewards.engine.pricing_of import rules_of
from tests.rewards.engine.strategies import contexts_of, occasions, rule_sets

TERMS = st.builds(UnitTerms, st.sampled_from([0, 2]), st.none() | st.sampled_from([0, 7, 40]))


@st.composite
def scenes(draw: st.DrawFn):
    """Definitions, unit terms, the compiled program, an order and its context."""
    definitions, terms, occasion = draw(rule_sets()), draw(TERMS), draw(occasions())
    program = compile_rules(rules_of(definitions), units={"points": terms})
    return definitions, terms, program, occasion, draw(contexts_of(program.counter_keys(occasion)))


@settings(max_examples=300, deadline=None)
@given(scenes())
def test_engine_and_model_agree(scene):
    """SEMANTICS 19."""
    definitions, terms, program, occasion, context = scene
    model = Model(
        dict(enumerate(definitions.values(), start=1)), precision=terms.precision, cap=terms.cap_per_order
    )

    priced = {
        award.rule_id: award.awarded for award in program.price(occasion, context).awards if award.awarded
    }
    expected = {
        number: share for number, (_desired, share) in model.price(occasion, context).items() if share
    }

    assert priced == expected


@settings(max_examples=60, deadline=None)
@given(scenes(), rule_sets(), st.booleans())
def test_what_one_program_saw_of_the_lines_changes_no_price_of_another(scene, others, is_other_first):
    definitions, terms, program, occasion, context = scene
    # One with other rules besides, and one with the same, compiled anew.
    besides = compile_rules(rules_of(others if is_other_first else definitions), units={"points": terms})
    alone = [program.price(occasion, context), besides.price(occasion, context)]
    seen = {}

    together = [one.price(occasion, context, seen) for one in (program, besides)]

    assert together == alone
    assert len(seen) == len(
        {one.kinds["order"].filters for one in (program, besides) if "order" in one.kinds}
    )


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_shares_sum_to_totals_and_grants(scene):
    _definitions, _terms, program, occasion, context = scene

    pricing = program.price(occasion, context)

    total = sum(award.awarded for award in pricing.awards)
    assert total == pricing.totals.get("points", 0)
    assert total == sum(grant.amount for grant in pricing.grants)
    assert all(grant.amount > 0 for grant in pricing.grants)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_no_cap_is_exceeded_and_nothing_above_what_was_desired(scene):
    """SEMANTICS 18 and 20."""
    definitions, terms, program, occasion, context = scene
    rules = dict(enumerate(definitions.values(), start=1))

    pricing = program.price(occasion, context)

    for award in pricing.awards:
        assert 0 <= award.awarded <= award.desired
        assert award.cut_by or award.awarded == award.desired
        cap = rules[award.rule_id].get("caps", {}).get("order")
        assert cap is None or award.awarded <= int(cap) * 10**terms.precision
        for key in award.counter_keys:
            counter = context.counters.get(key)
            limit = _limit(rules[award.rule_id], key, terms.precision)
            assert limit is None or award.awarded + (counter.amount if counter else 0) <= limit
    assert terms.cap_per_order is None or pricing.totals.get("points", 0) <= terms.cap_per_order


@settings(max_examples=100, deadline=None)
@given(scenes(), st.randoms(use_true_random=False))
def test_order_of_rules_does_not_matter(scene, dice):
    definitions, terms, program, occasion, context = scene
    shuffled = rules_of(definitions)
    dice.shuffle(shuffled)

    again = compile_rules(shuffled, units={"points": terms})

    assert again.price(occasion, context) == program.price(occasion, context)
    assert sorted(again.counter_keys(occasion)) == sorted(program.counter_keys(occasion))


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_counters_named_are_all_that_matter(scene):
    """Only the counters that the program names are read, and an award is counted only in those."""
    _definitions, _terms, program, occasion, context = scene
    keys = program.counter_keys(occasion)

    for award in program.price(occasion, context).awards:
        assert set(award.counter_keys) <= set(keys)
        assert all(key.startswith(f"{award.rule_id}:") for key in award.counter_keys)
        assert award.awarded or not award.counter_keys


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_explanations_agree_with_the_price(scene):
    """SEMANTICS 23: every rule has one reason, and it says given exactly where something was."""
    definitions, _terms, program, occasion, context = scene

    reasons = explain(occasion, context, program)

    awarded = {
        award.rule_id: award.awarded for award in program.price(occasion, context).awards if award.awarded
    }
    assert sorted(reason.rule_id for reason in reasons) == list(range(1, len(definitions) + 1))
    assert {r.rule_id: r.params["awarded"] for r in reasons if r.has_fired} == awarded
    assert all(reason.text for reason in reasons)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_steps_end_at_what_was_awarded(scene):
    _definitions, terms, program, occasion, context = scene

    for award in program.price(occasion, context).awards:
        last = award.steps[-1]

        assert Fraction(str(last["amount"])) * 10**terms.precision == award.awarded


def _limit(rule: dict, key: str, precision: int) -> int | None:
    name = key.partition(":")[2]
    period = {"d": "day", "w": "week", "m": "month", "y": "year", "l": "lifetime"}.get(name[0])
    value = rule.get("budget") if name == "budget" else rule.get("caps", {}).get(period)
    return None if value is None else int(value) * 10**precision
