"""The operators' pages: everything can be seen, the ledger and the facts cannot be changed."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import CompositePrimaryKey
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled

from members.admin import COUNTED, OperatorAdmin, ReadOnlyAdmin
from members.models import AuditEntry, Program, Role, TeamMembership, User
from tests.members.teams import as_staff, enrol, hire, signed_in
from tests.rewards.builders import bring_back, open_program, order, record_each, spend

pytestmark = pytest.mark.django_db

OURS = ("members", "rewards")
CHANGED_BY_HAND = {"user", "program", "teammembership", "store"}


@pytest.fixture
def operator():
    return signed_in(User.objects.create_superuser("root@example.com"))


@pytest.fixture
def program():
    program = open_program(
        stores=["quay"],
        tiers={"base": (0, {}), "gold": (5_000, {})},
        units={"points": {"names": {"en": "Points"}}},
    )
    record_each(
        program, order("1", "2026-01-01", 1000, 7000), bring_back("r1", "2026-01-03", "sku-1000", order="1")
    )
    spend(program, 20, "2026-01-04")
    return program


def pages():
    return [
        (model, site)
        for model, site in admin.site._registry.items()
        if model._meta.app_label in OURS and isinstance(site, OperatorAdmin)
    ]


def address(model, rest=""):
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"


def test_every_table_with_a_key_of_its_own_is_there():
    known = {model for model, _site in pages()}
    single = {
        model
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if not isinstance(model._meta.pk, CompositePrimaryKey)
    }

    assert single - known == set()


def test_every_list_and_every_row_opens(operator, program):
    for model, _site in pages():
        response = operator.get(address(model))
        assert response.status_code == 200, model

        with scopes_disabled():
            row = model._base_manager.first()
        if row is not None:
            response = operator.get(address(model, f"{row.pk}/change/"))
            assert response.status_code == 200, model


def test_only_users_programs_teams_and_stores_change_here(operator, program):
    writable = {model._meta.model_name for model, site in pages() if not isinstance(site, ReadOnlyAdmin)}

    assert writable == CHANGED_BY_HAND


def test_ledger_facts_and_audit_refuse_every_write(operator, program):
    for model, site in pages():
        if not isinstance(site, ReadOnlyAdmin):
            continue
        with scopes_disabled():
            row = model._base_manager.first()
        places = [address(model, "add/")]
        if row is not None:
            places += [address(model, f"{row.pk}/change/"), address(model, f"{row.pk}/delete/")]

        codes = [operator.post(place, {"post": "yes"}).status_code for place in places]

        assert codes == [403] * len(places), model


def test_a_list_counts_no_further_than_it_must(operator, program):
    from rewards.models import Entry

    with CaptureQueriesContext(
        connection,
    ) as asked:
        operator.get(address(Entry))

    counts = [one["sql"] for one in asked if "COUNT(*)" in one["sql"]]
    assert counts
    assert all(f"LIMIT {COUNTED + 1}" in statement for statement in counts)


def test_a_list_takes_as_many_statements_for_one_row_as_for_many(operator, program):
    from members.models import Member

    def statements():
        with CaptureQueriesContext(connection) as asked:
            operator.get(address(Member))
        return len(asked)

    statements()
    few = statements()
    for number in range(5):
        enrol(program, f"m{number}", name=f"M {number}")

    assert statements() == few


def test_a_change_is_audited_by_its_fields_and_never_its_values(operator, program):
    user = hire(program, name="Old Name")

    operator.post(
        address(User, f"{user.pk}/change/"),
        {"email": user.email, "name": "New Name", "language": "", "is_active": "on"},
    )

    user.refresh_from_db()
    with scopes_disabled():
        entry = AuditEntry.objects.get(action="admin.change", subject="user", subject_id=str(user.pk))
    assert user.name == "New Name"
    assert entry.actor.email == "root@example.com"
    assert entry.address == "127.0.0.1"
    assert entry.after == {"fields": ["name"]}
    assert "Name" not in str(entry.before)


def test_settings_of_a_program_reach_processes_that_keep_compiled_rules(operator, program):
    before = Program.objects.get(pk=program.pk).catalogue

    operator.post(
        address(Program, f"{program.pk}/change/"),
        {"name": "Renamed", "time_zone": "UTC", "languages": "en", "tax_rate": "0", "basis": "{}",
         "return_days": "14", "brand": "#0b4a5c", "discount_rate": "1000"},
    )  # fmt: skip

    after = Program.objects.get(pk=program.pk)
    assert after.name == "Renamed"
    assert after.catalogue == before + 1


def test_who_edits_users_cannot_make_an_operator_of_himself(program):
    from django.contrib.auth.models import Permission

    editor = hire(program, is_staff=True)
    editor.user_permissions.add(*Permission.objects.filter(content_type__model="user"))

    signed_in(editor).post(
        address(User, f"{editor.pk}/change/"),
        {
            "email": editor.email,
            "name": "X",
            "language": "",
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
        },
    )

    editor.refresh_from_db()
    assert editor.name == "X"
    assert not editor.is_superuser


def test_a_team_is_made_here(operator, program):
    user = User.objects.create_user("new@staff.example.com")

    operator.post(
        address(TeamMembership, "add/"), {"user": user.pk, "program": program.pk, "role": Role.ANALYST}
    )

    assert user.teams.get().program == program


def test_strangers_sign_in_through_the_site(program):
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert as_staff(program).get("/admin/", follow=True).status_code == 403
