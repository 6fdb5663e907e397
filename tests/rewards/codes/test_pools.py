"""Pools of codes: opened, filled by file or by chance, counted, taken away once (41)."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django_scopes import scope

from members.models import AuditEntry
from rewards import tasks
from rewards.models import Code, CodeBatch
from rewards.pools import batches, copying, pools, signs, words
from rewards.pools.refusals import PoolClosed
from tests.rewards import builders as b
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-02-01")


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path


def count(program):
    with scope(program=program):
        return Code.objects.count()


def test_a_file_is_taken_in_and_what_cannot_be_is_listed(program):
    pool = c.open_pool(program, source="foreign")
    c.bring(pool, "OLD-1")

    batch = c.bring(pool, text='Code;Value\nNEW-1;5\n"new 1";5\n\nno;5\nOLD1\nNEW-2\r\n')

    assert (batch.state, batch.rows, batch.taken) == ("done", 5, 2)
    assert batch.told == {"twice": 1, "there": 1, "no_code": 1}
    assert c.left_out(batch) == ["new 1,twice", "no,no_code", "OLD1,there"]
    assert count(program) == 3
    assert not list(batches.left_out_of(batch).parent.glob("codes-*[!v]"))  # the upload is gone


def test_a_file_of_many_pieces_goes_on_where_a_lost_worker_ended(program, monkeypatch):
    monkeypatch.setattr("rewards.pools.files.PIECE", 100)
    pool = c.open_pool(program, source="foreign")
    text = "\n".join([*(f"PARTNER-{number:04d}" for number in range(50)), "PARTNER-0001", "??"])
    with scope(program=program):
        batch = batches.upload(pool=pool, name="x.txt", chunks=[text.encode()], by=b.staff(), now=NOW)

    assert batches.go_on(program=program, batch_id=batch.pk, now=NOW)
    monkeypatch.setattr(CodeBatch, "save", _lost)
    with pytest.raises(_Lost):
        batches.go_on(program=program, batch_id=batch.pk, now=NOW)
    monkeypatch.undo()
    batch = c.finish(batch)

    assert (batch.rows, batch.taken, count(program)) == (52, 50, 50)
    assert c.left_out(batch) == ["PARTNER-0001,there", "??,no_code"]


class _Lost(Exception):
    pass


def _lost(self, *args, **kwargs):
    raise _Lost


def test_what_is_left_behind_is_found_and_finished(program):
    pool = c.open_pool(program)
    with scope(program=program):
        batch = batches.ask(pool=pool, count=5, by=None, now=NOW - timedelta(days=900))

    assert tasks.resume_code_batches() == 1

    with scope(program=program):
        batch.refresh_from_db()
    assert (batch.state, batch.taken) == ("done", 5)
    assert tasks.resume_code_batches() == 0


def test_a_file_that_is_gone_fails(program):
    pool = c.open_pool(program, source="foreign")
    with scope(program=program):
        batch = batches.upload(pool=pool, name="x", chunks=[b"ABC"], by=b.staff(), now=NOW)
    (batches.left_out_of(batch).parent / batch.stored).unlink()

    assert c.finish(batch).state == "failed"


@pytest.mark.parametrize(
    ("content", "error"), [(b"PK\x03\x04\0\0", batches.NotText), (b"x" * 50, batches.FileTooLarge)]
)
def test_what_is_no_file_of_codes_is_refused_and_not_kept(program, settings, content, error):
    settings.IMPORT_MAX_BYTES = 20
    pool = c.open_pool(program, source="foreign")

    with scope(program=program), pytest.raises(error):
        batches.upload(pool=pool, name="x.zip", chunks=[content], by=b.staff(), now=NOW)

    assert list(settings.IMPORT_DIR.iterdir()) == []


def test_drawn_codes_are_taken_away_once(program):
    pool = c.open_pool(program)
    codes = c.draw(pool, 3)
    with scope(program=program):
        batch = CodeBatch.objects.get()

        lines = "".join(pools.take_away(batch=batch, by=b.staff(), now=NOW)).split()

        assert lines == ["code", *map(signs.shown, codes)]
        with pytest.raises(pools.TakenAway):
            pools.take_away(batch=batch, by=b.staff(), now=NOW)
        assert AuditEntry.objects.filter(action="codes.download").count() == 1


def test_coupons_of_others_are_kept_by_their_digest_only_and_vouchers_can_be_shown(program):
    c.bring(c.open_pool(program, "coupons", source="foreign"), "COUPON1")
    c.bring(c.open_pool(program, "vouchers", source="foreign", purpose="voucher"), "VOUCHER1")

    with scope(program=program):
        sealed = dict(Code.objects.values_list("pool__key", "sealed"))

    assert sealed["coupons"] is None
    assert signs.unseal(program_id=program.pk, sealed=sealed["vouchers"]) == "VOUCHER1"


def test_a_code_is_unique_in_its_program_and_free_in_another(program):
    words.add(pool=c.open_pool(program), word="SUMMER", by=None, now=NOW)

    with scope(program=program), pytest.raises(words.CodeTaken):
        words.add(pool=c.open_pool(program, "other"), word="sum mer", by=None, now=NOW)

    other = b.open_program()
    with scope(program=other):
        words.add(pool=c.open_pool(other), word="SUMMER", by=None, now=NOW)
    assert (count(program), count(other)) == (1, 1)


def test_a_closed_pool_takes_nothing(program):
    pool = c.open_pool(program)
    pool = pools.change(program=program, key=pool.key, by=None, now=NOW, is_open=False)

    with scope(program=program), pytest.raises(PoolClosed):
        batches.ask(pool=pool, count=1, by=None, now=NOW)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"use": "multi", "most_uses": 0}, "most_uses"),
        ({"purpose": "voucher", "source": "foreign", "use": "multi"}, "use"),
        ({"purpose": "voucher"}, "source"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_on"),
    ],
)
def test_what_a_pool_cannot_be_names_its_field(program, values, field):
    with pytest.raises(pools.PoolRefused) as caught:
        c.open_pool(program, **values)

    assert caught.value.field == field


def test_counts_and_the_warning(program):
    pool = c.open_pool(program, warn_below=4)
    c.draw(pool, 3)

    with scope(program=program):
        counts = pools.counts_of([pool])[pool.pk]

    assert (counts.total, counts.free, counts.given, counts.uses) == (3, 3, 0, 0)
    assert pools.is_low(pool, counts)


def test_a_code_is_found_by_the_index(program):
    pool = c.open_pool(program)
    copying.write(pool=pool, batch_id=1, kept=[copying.Kept(bytes([n]) * 16, None) for n in range(200)])
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN SELECT id FROM rewards_code WHERE program_id = %s AND digest = %s",
            [program.pk, b"a" * 16],
        )
        plan = " ".join(row[0] for row in cursor.fetchall())

    assert "code_unique_in_program" in plan


@pytest.mark.parametrize("statement", ["UPDATE rewards_code SET used = 0", "DELETE FROM rewards_code"])
def test_the_application_changes_no_code(program, statement):
    c.draw(c.open_pool(program), 1)

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.connection.execute(statement)
