"""Code pools and coupons in the dashboard: opened, filled, downloaded once; written, put up, given, ended."""

from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_scopes import scope

from members.models import AuditEntry, Identity, Role, User
from rewards.models import Code, CodeBatch, CodePool, Coupon
from rewards.pools import signs
from tests.members import teams
from tests.rewards import builders as b
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db
POOL = {"key": "partner", "name": "Partner", "purpose": "coupon", "source": "ours", "use": "single"}
COUPON = {
    "key": "summer",
    "name_en": "Summer",
    "word": "SUMMER",
    "kind": "percent",
    "percent": "12.5",
    "stacking": "common",
    "minimum_minor": "20.00",
    "ends_on": "2026-08-31",
    "comes_back": "on",
}


@pytest.fixture
def program():
    return b.open_program(stores=["north"], languages=["en"])


@pytest.fixture
def client(program, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path
    return teams.as_staff(program, Role.MANAGER)


def url(program, name, *args):
    return reverse(f"rewards:{name}", args=[program.slug, *args])


def test_a_pool_is_opened_filled_and_shown(client, program):
    assert "No code pools yet" in client.get(url(program, "pools")).text

    made = client.post(url(program, "pool_new"), POOL | {"warn_below": "10"})
    assert made.headers["Location"] == url(program, "pool", "partner")
    file = SimpleUploadedFile("codes.csv", b"code\nAAA-1\nAAA-2\nAAA 1\n")
    client.post(url(program, "pool_import", "partner"), {"file": file})
    client.post(url(program, "pool_draw", "partner"), {"count": "3"})

    page = client.get(url(program, "pool", "partner")).text
    assert "Few left" in page
    assert "twice in the file" in page
    with scope(program=program):
        assert Code.objects.count() == 5
        batch = CodeBatch.objects.get(kind="file")
    listed = client.get(url(program, "pool_left", "partner", batch.pk))
    assert b"".join(listed.streaming_content) == b"AAA 1,twice\n"
    assert "5" in client.get(url(program, "pools")).text


def test_drawn_codes_are_downloaded_once_by_who_shows_who_they_are(client, program):
    pool = c.open_pool(program)
    codes = c.draw(pool, 2)
    with scope(program=program):
        batch = CodeBatch.objects.get()
    address = url(program, "pool_download", "partner", batch.pk)

    first, second = client.post(address), client.post(address)

    assert b"".join(first.streaming_content).decode().split() == ["code", *map(signs.shown, codes)]
    assert second.status_code == 302
    assert "no-store" in first.headers["Cache-Control"]


def test_a_large_file_is_left_to_a_worker(client, program, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("rewards.pools.batches.AT_ONCE_BYTES", 5)
    pool = c.open_pool(program, source="foreign")
    file = SimpleUploadedFile("codes.csv", b"AAA-1\nAAA-2\n")

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(program, "pool_import", pool.key), {"file": file})

    with scope(program=program):
        assert CodeBatch.objects.get().state == "done"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"key": "No"}, "key"), ({"name": ""}, "name"), ({"purpose": "voucher"}, "source"), ({"warn_below": "-1"}, "warn_below")],
)  # fmt: skip
def test_a_wrong_pool_answers_422_and_names_the_field(client, program, change, field):
    page = client.post(url(program, "pool_new"), POOL | change)

    assert page.status_code == 422
    assert field in page.context["form"].errors
    with scope(program=program):
        assert not CodePool.objects.exists()


def test_wrong_files_and_counts_answer_422(client, program):
    c.open_pool(program)

    none = client.post(url(program, "pool_import", "partner"))
    binary = client.post(
        url(program, "pool_import", "partner"), {"file": SimpleUploadedFile("a.xlsx", b"PK\0\0")}
    )
    many = client.post(url(program, "pool_draw", "partner"), {"count": "99999999"})

    assert [page.status_code for page in (none, binary, many)] == [422, 422, 422]
    assert "CSV" in binary.text


def test_a_pool_is_closed_and_two_editors_do_not_overwrite_each_other(client, program):
    c.open_pool(program)

    saved = client.post(url(program, "pool_edit", "partner"), {"name": "Partner", "revision": "1"})
    late = client.post(url(program, "pool_edit", "partner"), {"name": "Other", "revision": "1"})

    assert (saved.status_code, late.status_code) == (302, 422)
    with scope(program=program):
        assert not CodePool.objects.get().is_open


def test_a_coupon_is_written_put_up_used_and_ended(client, program):
    made = client.post(url(program, "coupon_new"), COUPON)
    assert made.headers["Location"] == url(program, "coupon", "summer")
    client.post(url(program, "coupon_move", "summer"), {"to": "live"})

    b.record(program, b.order("A-1", "2026-02-01", 4000, codes=("summer",)))

    page = client.get(url(program, "coupon", "summer")).text
    assert "A-1" in page
    assert "SUMMER" in page
    assert "12.5" in page
    assert "5.00" in client.get(url(program, "coupons")).text
    client.post(url(program, "coupon_move", "summer"), {"to": "ended"})
    with scope(program=program):
        one = Coupon.objects.get()
        assert (one.state, one.minimum_minor, str(one.percent)) == ("ended", 2000, "12.50")
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"coupon.create", "coupon.publish", "coupon.end", "codes.add", "pool.create"} <= actions


def test_a_coupon_keeps_its_conditions_through_the_editor(client, program):
    tree = {"field": "order.channel", "op": "=", "value": "web"}
    c.put_up(program, conditions=tree, lines={"field": "sku", "op": "=", "value": "mug"})
    page = client.get(url(program, "coupon_edit", "summer"))
    form = page.context["editing"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    sent |= {"name_en": "Sommer", "stores": [], "revision": page.context["revision"]}
    sent |= _posted(page.text)

    saved = client.post(url(program, "coupon_edit", "summer"), sent)

    assert saved.status_code == 302
    with scope(program=program):
        one = Coupon.objects.get()
    assert (one.names["en"], one.conditions["value"], one.lines["value"]) == ("Sommer", "web", "mug")


class _Fields(HTMLParser):
    """The fields of the trees as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.select = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "select":
            self.select = name
        if tag == "input" and name.startswith(("conditions", "lines")):
            self.found[name] = given.get("value") or ""
        if tag == "option" and "selected" in given and self.select.startswith(("conditions", "lines")):
            self.found[self.select] = given.get("value") or ""


def _posted(html):
    parser = _Fields()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"word": ""}, "word"),
        ({"word": "a b"}, "word"),
        ({"percent": "101"}, "percent"),
        ({"percent": ""}, "percent"),
        ({"kind": "amount"}, "value_minor"),
        ({"kind": "product"}, "sku"),
        ({"name_en": ""}, "name_en"),
        ({"most": "-1"}, "most"),
        ({"starts_on": "2026-09-01"}, "ends_on"),
    ],
)
def test_a_wrong_coupon_answers_422_and_names_the_field(client, program, change, field):
    page = client.post(url(program, "coupon_new"), COUPON | change)

    assert page.status_code == 422
    assert field in page.context["form"].errors, page.context["form"].errors
    with scope(program=program):
        assert not Coupon.objects.exists()
        assert not CodePool.objects.exists()


def test_nobody_gives_a_code_to_themselves(client, program):
    c.open_pool(program)
    c.put_up(program, pool="partner")
    anna = b.join(program, "anna")
    with scope(program=program):
        me = User.objects.get(pk=client.session["_auth_user_id"])
        Identity.objects.create(program=program, member=anna, kind="email", value=me.email)

    page = client.post(url(program, "coupon_give", "summer"), {"number": anna.number})

    assert page.status_code == 422
    with scope(program=program):
        assert not Code.objects.filter(member=anna).exists()


def test_a_member_is_given_a_code_of_their_own(client, program):
    c.open_pool(program)
    c.put_up(program, pool="partner")
    anna = b.join(program, "anna")

    given = client.post(url(program, "coupon_give", "summer"), {"number": anna.number})
    nobody = client.post(url(program, "coupon_give", "summer"), {"number": "123"})

    assert (given.status_code, nobody.status_code) == (302, 422)
    with scope(program=program):
        code = Code.objects.get(member=anna)
        typed = signs.unseal(program_id=program.pk, sealed=code.sealed)
    others = b.record(program, b.order("B", "2026-02-01", 1000, codes=(typed,), member="ben"))[0]
    own = b.record(program, b.order("A", "2026-02-01", 1000, codes=(typed,)))[0]
    assert (others.code, own.status) == ("code_invalid", "recorded")
