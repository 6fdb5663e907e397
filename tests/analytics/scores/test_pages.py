"""The pages of customer value: figures of the newest scoring, the rule that anyone can read, and who may ask for more."""

from datetime import timedelta

import pytest
from django.db import transaction
from django_scopes import scope

from analytics import rollups, tasks
from analytics.kpis import cuts
from analytics.models import ScoreRun, SelfTest, ValuePolicy
from analytics.scores import policies, runs, selftest
from analytics.views.kpis import fits
from campaigns.audiences import fields, segments
from campaigns.models import Segment
from loyaltysite.kit import clock
from loyaltysite.kit.formats import format_money
from members.models import AuditEntry, Member, MemberScore, Program, Role
from rewards import takeouts
from tests.analytics.scores.drawn import open_drawn
from tests.fixtures.databases import clone, pointed_at
from tests.fixtures.waiting import until
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b


def address(program, rest=""):
    return f"/dashboard/{program.slug}/value/{rest}"


@pytest.fixture(scope="module")
def world(test_cluster, template, django_db_setup, django_db_blocker):
    """A database with drawn customers who were scored once."""
    with clone(test_cluster, template) as made, django_db_blocker.unblock(), pointed_at(made):
        program = open_drawn(clock.now())
        with scope(program=program):
            ValuePolicy.objects.create(program=program, budget_minor=20_000, holdout=20)
        runs.carry_out(run=runs.ask(program=program, now=clock.now()), now=clock.now())
        yield made


@pytest.fixture
def scored(world, django_db_blocker):
    """Its program; whatever a test does there is undone."""
    with django_db_blocker.unblock(), pointed_at(world), transaction.atomic():
        yield Program.objects.get()
        transaction.set_rollback(True)


def test_it_works(scored, django_assert_max_num_queries):
    analyst = as_staff(scored, Role.ANALYST)
    analyst.get(address(scored))

    with django_assert_max_num_queries(25):
        page = analyst.get(address(scored))

    with scope(program=scored):
        run = ScoreRun.objects.get()
        best = MemberScore.objects.order_by("-value_minor").select_related("member")[0]
    text = page.content.decode()
    assert page.status_code == 200
    assert run.model in ("bgnbd", "paretonbd")
    assert best.member.name in text
    assert page.context["result"]["value"] == pytest.approx(
        sum(row[1] for row in run.result["tenths"]), abs=10
    )
    assert "Brier score" in text
    assert "Score now" not in text  # an analyst only reads


def test_scores_of_a_program_are_asked_for_once(scored, monkeypatch):
    monkeypatch.setattr(tasks.score_members, "delay", lambda: None)
    manager = as_staff(scored, Role.MANAGER)

    first, second = (manager.post(address(scored, "score/")) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    with scope(program=scored):
        assert ScoreRun.objects.filter(state="waiting").count() == 1
        assert AuditEntry.objects.filter(action="scores.ask").count() == 1
    assert "waits for a worker" in manager.get(address(scored)).content.decode()


def test_actions_show_the_figures_they_follow_from(scored):
    analyst = as_staff(scored, Role.ANALYST)

    page = analyst.get(address(scored, "actions/"))
    kept = analyst.get(address(scored, "actions/?kind=keep"))

    told = page.context["rows"]
    assert len(told) == 50
    assert [one.score.priority_minor for one in told] == sorted(
        (one.score.priority_minor for one in told), reverse=True
    )
    assert {one.score.action for one in kept.context["rows"]} == {"keep"}
    seen = {one.score.pk for one in told}
    further = analyst.get(address(scored, "actions/") + page.context["later"])
    assert seen.isdisjoint(one.score.pk for one in further.context["rows"])


@pytest.mark.parametrize(
    "query", ["?after=x", "?after=1", "?after=.", "?kind=nonsense", "?after=9.9&kind=keep"]
)
def test_odd_addresses_are_pages(scored, query):
    assert as_staff(scored, Role.ANALYST).get(address(scored, "actions/") + query).status_code == 200


def test_settings_hold_from_the_next_scoring_on(scored):
    manager = as_staff(scored, Role.MANAGER)
    values = {"horizon_days": "60", "budget": "12.50", "offer_share": "20", "holdout": "5"}

    done = manager.post(address(scored, "settings/"), values)
    wrong = manager.post(address(scored, "settings/"), values | {"horizon_days": "5"})

    policy = policies.of(scored)
    assert done.status_code == 302
    assert (policy.horizon_days, policy.budget_minor, policy.offer_share, policy.holdout) == (
        60,
        1_250,
        20,
        5,
    )
    assert wrong.status_code == 422
    assert "horizon_days" in wrong.context["form"].errors
    with scope(program=scored):
        assert AuditEntry.objects.get(action="scores.policy").after["budget_minor"] == 1_250


def test_the_member_page_tells_the_score_and_why(scored):
    analyst = as_staff(scored, Role.ANALYST)
    with scope(program=scored):
        one = MemberScore.objects.filter(action="win_back").select_related("member")[0]

    page = analyst.get(address(scored, f"members/{one.member.number}/"))
    pane = analyst.get(address(scored, f"members/{one.member.number}/"), headers={"HX-Request": "true"})
    nobody = analyst.get(address(scored, "members/999999999999/"))

    assert "Win back" in page.content.decode()
    assert "The risk lies above two thirds." in pane.content.decode()
    assert "<html" not in pane.content.decode()
    assert nobody.status_code == 404


@pytest.mark.django_db
def test_without_a_scoring_the_page_says_what_to_do():
    program = b.open_program()

    page = as_staff(program, Role.MANAGER).get(address(program))

    assert "Nobody has been scored yet" in page.content.decode()
    assert "Score now" in page.content.decode()


@pytest.mark.django_db
def test_the_published_figures_come_out_with_what_is_installed():
    program = b.open_program()
    manager = as_staff(program, Role.MANAGER)

    done = manager.post(address(program, "self-test/"), follow=True)

    kept = SelfTest.objects.get()
    assert kept.is_good
    assert len(kept.checks) >= 15
    assert "All agree" in done.content.decode()


@pytest.mark.django_db
def test_a_wrong_model_does_not_pass_the_self_test(monkeypatch):
    monkeypatch.setattr(selftest, "BGNBD", selftest.BgNbd(0.243, 4.5, 0.793, 2.426))

    done = selftest.carry_out(now=clock.now())

    assert not done.is_good
    assert {check["model"] for check in done.checks if not check["is_good"]} == {"BG/NBD"}


def test_segments_that_ask_for_scores_are_gathered_anew(scored):
    now = clock.now()
    tree = {"field": "score.action", "op": "=", "value": "win_back"}
    by = hire(scored)
    for name, asked in (
        ("Leaving", tree),
        ("Others", {"field": "member.language", "op": "=", "value": "en"}),
    ):
        segment = segments.create(program=scored, name=name, tree=asked, by=by, now=now)
        segments.publish(program=scored, key=segment.key, by=by, now=now)
        segments.gather(program=scored, key=segment.key, now=now)
    with scope(program=scored):
        wanted = set(MemberScore.objects.filter(action="win_back").values_list("pk", flat=True))
        assert Segment.objects.get(key="leaving").size == len(wanted) > 0
        # A day later everybody is scored anew.
        run = runs.ask(program=scored, now=now + timedelta(days=1))
        runs.carry_out(run=run, now=now + timedelta(days=1))

        assert Segment.objects.get(key="leaving").gathered_at is None
        assert Segment.objects.get(key="others").gathered_at is not None
        assert fields.parse(tree).q(now)


def test_who_may_not_write_is_never_chosen(scored):
    with scope(program=scored):
        chosen = MemberScore.objects.exclude(action="none")
        agreed = set(MemberScore.objects.filter(member__consents__is_given=True).values_list("pk", flat=True))

        assert {one.pk for one in chosen} <= agreed
        assert {one.channel for one in chosen} == {"email"}


def test_two_workers_never_score_one_program(scored, world):
    run = runs.ask(program=scored, now=clock.now())
    key = (runs.LOCK, scored.pk % 2**31)
    with world.connect() as other:
        other.execute("SELECT pg_advisory_lock(hashtext(%s), %s)", key)

        done = runs.carry_out(run=run, now=clock.now())

    run.refresh_from_db()
    assert (done, run.state) == (False, "waiting")
    # The other one is gone, as if it had been killed: now it is ours.
    until(lambda: runs.carry_out(run=run, now=clock.now()), what="the server has noticed")


def test_a_run_that_fails_says_so_and_leaves_the_former_figures(scored, monkeypatch):
    before = runs.newest(scored, ScoreRun.State.DONE)
    run = runs.ask(program=scored, now=clock.now())
    monkeypatch.setattr(runs.foretelling, "foretell", lambda *_args, **_facts: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        runs.carry_out(run=run, now=clock.now())

    page = as_staff(scored, Role.MANAGER).get(address(scored))
    assert "The last scoring failed" in page.content.decode()
    assert page.context["run"] == before
    assert runs.ask(program=scored, now=clock.now()) != run


def test_a_run_left_half_done_is_taken_up_again(scored):
    run = runs.ask(program=scored, now=clock.now())
    runs._keep(run, state=ScoreRun.State.RUNNING, stage="write", done=70)

    assert run in runs.waiting()
    assert runs.carry_out(run=run, now=clock.now())

    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 100)


def test_members_take_their_scores_along(scored):
    with scope(program=scored):
        one = MemberScore.objects.order_by("-value_minor").select_related("member")[0]
        tables = {table.name: list(table.rows) for table in takeouts.tables_of(scored, one.member)}

    assert tables["scores"][0]["value_minor"] == one.value_minor


# --- as a key figure --------------------------------------------------------------------------------------------------


def test_the_predicted_value_is_a_key_figure_with_its_model(scored):
    analyst = as_staff(scored, Role.ANALYST)
    run = runs.newest(scored, ScoreRun.State.DONE)
    with scope(program=scored):
        values = list(MemberScore.objects.values_list("value_minor", flat=True))
        some = set(Member.objects.order_by("pk").values_list("pk", flat=True)[:40])
        Member.objects.filter(pk__in=some).update(language="he")
        chosen = list(MemberScore.objects.filter(member_id__in=some).values_list("value_minor", flat=True))
        while rollups.fold():
            pass
        cuts.count_all(program=scored, now=clock.now())

    whole = analyst.get(f"/dashboard/{scored.slug}/figures/predicted_clv/?by=language")
    part = analyst.get(f"/dashboard/{scored.slug}/figures/predicted_clv/?language=he")
    overview = analyst.get(f"/dashboard/{scored.slug}/figures/")

    assert len(chosen) > 5
    money = [format_money(round(sum(each) / len(each)), scored.currency) for each in (values, chosen)]
    assert [response.context["words"].value for response in (whole, part)] == money
    assert ("Hebrew", money[1]) in [(bar["name"], bar["text"]) for bar in whole.context["bars"]]
    assert whole.context["fit"][0].startswith(fits.model_of(run))
    assert any("log-likelihood" in text for text in whole.context["fit"])
    assert "Looks a year ahead" in whole.text
    shown = {one.key: one for group in overview.context["groups"] for one in group["kpis"]}["predicted_clv"]
    assert (shown.value, shown.of.endswith(fits.model_of(run))) == (money[0], True)


def test_before_the_first_scoring_the_predicted_value_is_not_fitted_yet(db):
    program = b.open_program()

    response = as_staff(program).get(f"/dashboard/{program.slug}/figures/predicted_clv/")

    assert response.context["words"].value is None
    assert "Not fitted yet." in response.text
