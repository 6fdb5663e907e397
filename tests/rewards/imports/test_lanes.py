"""An import in two lanes ends as one that takes a batch after the other, also when it is stopped, fails or is killed."""

import io
import os
import signal
import threading
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django_scopes import scope

from members.models import Member, Order
from rewards import posting
from rewards.imports import lanes, runs
from rewards.models import Wallet
from tests.rewards import builders as b
from tests.rewards.imports.files import many, orders, retail, state_of, write

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ORDERS = 900
RULES = {"base": {"amount": b.ONE_PER_MAJOR, "budget": "200"}}


@pytest.fixture
def used(monkeypatch):
    """How many lanes there were."""
    made = []
    real = lanes.Lane.__init__

    def init(self, recorder):
        made.append(self)
        real(self, recorder)

    monkeypatch.setattr(lanes.Lane, "__init__", init)
    return made


def load(program, path, *, progress=lambda source, tally: None, **wish):
    wish = {"batch": 100, "settles": False, **wish}
    return runs.run(
        program=program, wish=runs.Wish(path=str(path), **wish), clock=lambda: NOW, progress=progress
    )


def told(report):
    return {
        name: value for name, value in report.as_dict().items() if name not in {"seconds", "rows_per_second"}
    }


def test_two_lanes_give_the_same_as_one(fresh_database, tmp_path, used):
    path = write(tmp_path / "orders.csv", many(ORDERS, members=40) + "B1,soon,c1,MUG,1,1\n")
    one, two = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    alone = load(one, path, lanes=1, rejected=str(tmp_path / "one.csv"))
    rejected = (tmp_path / "one.csv").read_text()

    report = load(two, path, rejected=str(tmp_path / "one.csv"))

    assert len(used) == 2
    assert told(report) == told(alone)
    assert (tmp_path / "one.csv").read_text() == rejected
    assert state_of(two) == state_of(one)
    assert b.wrong_wallets(two) == []


def test_returns_without_an_order_find_what_their_member_bought_just_before(fresh_database, tmp_path, used):
    rows = []
    for number in range(400):
        customer = number % 23
        rows += [
            f"{number},MUG,Mug,3,2026-01-01 10:00,5.00,{customer},United Kingdom",
            f"C{number},MUG,Mug,-2,2026-01-02 10:00,5.00,{customer},United Kingdom",
        ]
    path = write(tmp_path / "orders.csv", retail(*rows))
    one, two = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    alone = load(one, path, profile="online-retail", lanes=1)

    report = load(two, path, profile="online-retail")

    assert len(used) == 2
    assert told(report) == told(alone)
    assert report.tally.unmatched_lines == 0
    assert state_of(two) == state_of(one)


def test_a_member_typed_in_two_ways_is_one(fresh_database, tmp_path, used):
    """The order under one spelling and its return under another stay one after the other."""
    head = "type,order_id,return_id,occurred_at,member_email,sku,quantity,unit_price\n"
    rows = []
    for number in range(300):
        name = f"member{number}"
        rows += [
            f"order,A{number},,2026-01-10T10:00:00Z,{name.title()}@Example.com,MUG,1,10.00\n",
            f"return,,R{number},2026-01-11T10:00:00Z,{name}@example.com,MUG,1,10.00\n",
        ]
    path = write(tmp_path / "orders.csv", head + "".join(rows))
    program = b.open_program(currency="GBP")

    report = load(program, path)

    assert len(used) == 2
    assert report.as_dict()["rejected"] == {}
    with scope(program=program):
        left = Wallet.objects.filter(active__gt=0).count()
    assert left == 0


def test_from_the_first_row_that_tells_its_member_in_another_way_there_is_one_lane(
    fresh_database, tmp_path, used
):
    header = "type,order_id,return_id,occurred_at,member_shop_id,sku,quantity,unit_price"
    rows = [f"order,A{n},,2026-01-01 10:00,c{n % 40},MUG,10,5.00" for n in range(600)]
    rows += [f"return,A{n},R{n},2026-01-02 10:00,,MUG,4,5.00" for n in range(590, 600)]
    path = write(tmp_path / "orders.csv", orders(*rows, header=header))
    one, two = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    alone = load(one, path, lanes=1)

    report = load(two, path)

    # No return had to wait for its order, as it would where both are under way at once.
    assert (report.tally.waiting, report.tally.returns) == (0, 10)
    assert told(report) == told(alone)
    assert state_of(two) == state_of(one)


def test_a_budget_is_given_in_the_order_of_the_file(fresh_database, tmp_path, used):
    path = write(tmp_path / "orders.csv", many(ORDERS, members=40))
    one, two = (b.open_program(currency="GBP", rules=RULES) for _ in range(2))
    load(one, path, lanes=1)

    load(two, path)

    assert used == []
    assert state_of(two) == state_of(one)


@pytest.mark.django_db
def test_within_a_transaction_there_is_one_lane(tmp_path, used):
    program = b.open_program(currency="GBP")

    load(program, write(tmp_path / "orders.csv", many(ORDERS)))

    assert used == []
    with scope(program=program):
        assert Order.objects.count() == ORDERS


class Enough(Exception):
    """Somebody stops it."""


def test_what_was_under_way_when_it_was_stopped_is_counted(fresh_database, tmp_path, used):
    program = b.open_program(currency="GBP")
    path = write(tmp_path / "orders.csv", many(ORDERS, members=40))
    seen = []

    def stop(source, tally):
        seen.append(tally)
        raise Enough

    with pytest.raises(Enough):
        load(program, path, progress=stop)

    with scope(program=program):
        assert seen[-1].recorded == Order.objects.count() < ORDERS
        assert seen[-1].recorded >= 100
    assert not any(lane.thread.is_alive() for lane in used)


def test_an_error_in_a_lane_is_the_import_s(fresh_database, tmp_path, used, monkeypatch):
    program = b.open_program(currency="GBP")
    path = write(tmp_path / "orders.csv", many(ORDERS, members=40))
    real = posting.post

    def post(document, kept=None):
        if threading.current_thread() is used[1].thread:
            raise MemoryError
        return real(document, kept)

    monkeypatch.setattr(posting, "post", post)

    with pytest.raises(MemoryError):
        load(program, path)

    assert not any(lane.thread.is_alive() for lane in used)
    monkeypatch.undo()
    assert load(program, path).tally.orders == ORDERS


def import_and_die(slug: str, path: str, calls: int) -> None:
    real, done = posting.post, [0]

    def post(document, kept=None):
        done[0] += 1
        if done[0] == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(document, kept)

    posting.post = post
    call_command("import_orders", path, program=slug, verbosity=0, batch=100, stdout=io.StringIO())


@pytest.mark.faults
def test_killed_in_the_middle_and_started_again_is_like_one_run(fresh_database, processes, tmp_path):
    path = write(tmp_path / "orders.csv", many(ORDERS, members=40))
    whole, broken = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    load(whole, path, lanes=1)

    processes(1, import_and_die, broken.slug, str(path), 4)
    orders_then = state_of(broken)[0]
    report = load(broken, path)

    assert 0 < orders_then < ORDERS
    assert (report.tally.repeated, report.tally.recorded) == (orders_then, ORDERS - orders_then)
    assert state_of(broken) == state_of(whole)
    with scope(program=broken):
        assert Member.objects.count() == 40
    call_command("check_ledger", verify=True, stdout=io.StringIO())
