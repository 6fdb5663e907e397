"""The command as people use it: what it says, what it leaves behind, and that it can always be run again."""

import csv
import gzip
import io
import os
import signal
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command
from django_scopes import scope

from members.models import Member, Order, OrderLine, Program, Store
from rewards import intake, posting
from rewards.imports import workers
from rewards.models import Entry, Wallet
from tests.rewards import builders as b
from tests.rewards.imports.files import HEADER, orders, run, write

ROW = "A{0},2026-01-{1:02d} 10:00,c{2},MUG,2,5.00"


@pytest.fixture
def program(db):
    return b.open_program(currency="GBP")


def many(count: int = 60, members: int = 7) -> str:
    """Orders of a few members who come again and again, each order with two lines."""
    rows = []
    for number in range(count):
        row = ROW.format(number, number % 28 + 1, number % members)
        rows += [row, f"A{number},,,POST,1,3.95"]
    return orders(*sorted(rows, key=lambda row: int(row.split(",")[0][1:])))


def state_of(program: Program) -> tuple[int, int, dict[str, list[tuple[object, ...]]]]:
    """Everything that must not depend on how often an import was interrupted."""
    with scope(program=program):
        found: dict[str, list[tuple[object, ...]]] = {}
        rows = Entry.objects.filter(program=program).order_by("wallet_id", "seq")
        names = rows.values_list(
            "wallet__holder__member__identities__value", "seq", "kind", "at", "posted_at", "active_change", "active"
        )  # fmt: skip
        for name, *entry in names:
            found.setdefault(name, []).append(tuple(entry))
        lines = OrderLine.objects.filter(order__program=program).count()
        return Order.objects.filter(program=program).count(), lines, found


# --- a whole import ---------------------------------------------------------------------------------------------------


def test_orders_become_members_points_and_a_report(program, tmp_path):
    path = write(tmp_path / "orders.csv", many())

    report = run(program, path)

    assert (report["rows"], report["orders"], report["lines"]) == (120, 60, 120)
    assert (report["members_created"], report["customers"], report["recorded"]) == (7, 7, 60)
    assert report["revenue_minor"] == 60 * 1395
    assert report["points"] == {"points": 60 * 13}
    assert report["rejected_rows"] == 0
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_run_changes_nothing_and_says_so(program, tmp_path):
    path = write(tmp_path / "orders.csv", many())
    run(program, path)
    before = state_of(program)

    report = run(program, path)

    assert (report["recorded"], report["repeated"], report["points"]) == (0, 60, {})
    assert state_of(program) == before
    answer = io.StringIO()
    call_command("import_orders", str(path), program=program.slug, stdout=answer)
    assert "Everything was there before; nothing changed." in answer.getvalue()


def test_each_order_is_posted_at_its_own_moment(program, tmp_path):
    run(program, write(tmp_path / "orders.csv", orders(ROW.format(1, 3, 1), ROW.format(2, 9, 1))))

    with scope(program=program):
        moments = Entry.objects.order_by("seq").values_list("at__day", "posted_at__day")
        assert list(moments) == [(3, 3), (9, 9)]


def test_a_dry_run_reads_everything_and_writes_nothing(program, tmp_path):
    path = write(tmp_path / "orders.csv", many() + "B1,soon,c1,MUG,1,1\n")

    report = run(program, path, dry_run=True)

    assert (report["dry_run"], report["orders"], report["rejected_rows"]) == (True, 60, 1)
    with scope(program=program):
        assert not Order.objects.exists()
        assert not Member.objects.exists()


def test_returns_payments_and_cancellations(program, tmp_path):
    header = "type,order_id,return_id,occurred_at,member_shop_id,sku,quantity,unit_price"
    path = write(
        tmp_path / "orders.csv",
        orders(
            "order,A,,2026-01-01 10:00,c1,MUG,10,5.00",
            "return,A,R1,2026-01-02 10:00,,MUG,4,5.00",
            "return,,R2,2026-01-03 10:00,c1,MUG,7,5.00",
            "unpaid,B,,2026-01-04 10:00,c1,MUG,1,5.00",
            "paid,B,,2026-01-05 10:00,,,,",
            "cancel,B,,2026-01-06 10:00,,,,",
            "return,C,R3,2026-01-07 10:00,,MUG,1,5.00",
            header=header,
        ),
    )

    report = run(program, path)

    counted = {name: report[name] for name in ("orders", "returns", "payments", "cancellations", "waiting")}
    assert counted == {"orders": 2, "returns": 3, "payments": 1, "cancellations": 1, "waiting": 1}
    assert (report["partly_matched_lines"], report["points"], report["rejected"]) == (1, {"points": 55}, {})
    with scope(program=program):
        assert Wallet.objects.get().active == 0


def test_stores_are_created_only_when_asked(program, tmp_path):
    rows = orders(
        "A,2026-01-01,c1,quay,MUG,1,5",
        header="order_id,occurred_at,member_card,store,sku,quantity,unit_price",
    )
    path = write(tmp_path / "orders.csv", rows)

    assert run(program, path)["rejected"] == {"store_unknown": 1}
    assert run(program, path, create_stores=True)["recorded"] == 1

    with scope(program=program):
        assert Store.objects.get().code == "quay"


def test_names_of_columns_dates_and_delimiters_are_theirs(program, tmp_path):
    text = "Nr;Datum;Kunde;Artikel;Menge;Preis\nA;31.01.2026 18.05;anna@example.com;MUG;2;5.00\n"
    mapping = ("Nr=order_id", "Datum=occurred_at", "Kunde=member_email", "Menge=quantity", "Preis=unit_price")

    report = run(program, write(tmp_path / "orders.csv", text), *mapping, date_format="%d.%m.%Y %H.%M")

    assert (report["recorded"], report["unused_columns"]) == (1, ["Artikel"])


# --- what is wrong with a file ----------------------------------------------------------------------------------------

FILES = {
    "empty": (b"", "The file is empty."),
    "columns": (b"a,b\n1,2\n", "There is no column order_id or return_id. The file has: a, b."),
    "encoding": ("order_id,é\n".encode("cp1252"), "The first line must name the columns."),
}


@pytest.mark.parametrize(("data", "sentence"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_is_one_sentence(program, tmp_path, data, sentence):
    path = write(tmp_path / "orders.csv", data)

    with pytest.raises(CommandError, match=r"^[^\n]*$") as refused:
        run(program, path)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("path", [".", "nowhere.csv"])
def test_a_path_that_is_no_file_is_one_sentence(program, path):
    with pytest.raises(CommandError, match=r"is a folder|cannot be opened"):
        run(program, path)


def test_an_unknown_program_is_one_sentence(db):
    with pytest.raises(CommandError, match="There is no program nowhere"):
        call_command("import_orders", "-", program="nowhere")


@pytest.mark.parametrize("pair", ["sku", "=sku", "sku="])
def test_a_mapping_needs_both_names(program, pair):
    with pytest.raises(CommandError, match="--map needs"):
        run(program, "-", pair)


def test_what_was_read_before_a_file_breaks_off_is_recorded(program, tmp_path):
    packed = gzip.compress(many(3000).encode())
    path = write(tmp_path / "orders.gz", packed[: len(packed) // 2])

    with pytest.raises(CommandError, match="breaks off"):
        run(program, path, batch=100)

    with scope(program=program):
        assert 100 < Order.objects.count() < 3000


# --- rejected rows ----------------------------------------------------------------------------------------------------


def test_a_bad_row_refuses_its_order_with_number_and_reason_and_the_others_go_on(program, tmp_path):
    text = orders(ROW.format(1, 1, 1), ROW.format(2, 2, 1), "A2,,,POST,one,3.95", ROW.format(3, 3, 1))
    path = write(tmp_path / "orders.csv", text)

    report = run(program, path)

    assert (report["recorded"], report["rejected_orders"], report["rejected_rows"]) == (2, 1, 2)
    rows = list(csv.DictReader(io.StringIO(Path(report["rejected_file"]).read_text())))
    assert Path(report["rejected_file"]) == tmp_path / "orders.csv.rejected.csv"
    assert [(row["order_id"], row["rejected_row"]) for row in rows] == [("A2", "3"), ("A2", "4")]
    assert rows[0]["rejected_reason"].startswith("row 4 of this order: ")
    assert rows[1]["rejected_reason"] == "quantity: “one” is not a whole number."


def test_rejected_rows_can_be_mended_and_imported(program, tmp_path):
    path = write(tmp_path / "orders.csv", orders(ROW.format(1, 1, 1), "A2,2026-01-02,c1,MUG,one,5"))
    rejected = Path(run(program, path)["rejected_file"])
    write(rejected, rejected.read_text().replace(",one,", ",1,"))

    report = run(program, rejected)

    assert (report["recorded"], report["rejected_rows"]) == (1, 0)
    assert run(program, path)["rejected_rows"] == 1


def test_a_run_without_bad_rows_leaves_no_old_file(program, tmp_path):
    path = write(tmp_path / "orders.csv", orders("A2,2026-01-02,c1,MUG,one,5"))
    rejected = Path(run(program, path)["rejected_file"])
    write(path, orders("A2,2026-01-02,c1,MUG,1,5"))

    run(program, path)

    assert not rejected.exists()


def test_an_order_that_appears_again_much_later_is_refused(program, tmp_path):
    again = "A0,2026-01-01 10:00,c0,PLATE,1,9.00"
    path = write(tmp_path / "orders.csv", many() + again + "\n")

    report = run(program, path)

    assert (report["recorded"], report["rejected"]) == (60, {"fact_contradicts": 1})


def test_orders_that_the_intake_refuses_are_among_the_rejected(program, tmp_path):
    text = orders("A,2036-01-02,c1,MUG,1,5", "B,2026-01-02,c1,MUG,1,5")

    report = run(program, write(tmp_path / "orders.csv", text))

    assert (report["recorded"], report["rejected"]) == (1, {"moment_in_future": 1})


def test_what_only_the_database_refuses_takes_nobody_along(program, tmp_path, monkeypatch):
    """A culprit that no check knows, as a batch would meet it: it is found by halving."""
    real = intake.record

    def record(*, items, **others):
        if any(item.external_id == "A7" for item in items):
            raise ValueError("this order is cursed")
        return real(items=items, **others)

    monkeypatch.setattr(intake, "record", record)

    report = run(program, write(tmp_path / "orders.csv", many()))

    assert (report["recorded"], report["rejected"]) == (59, {"not_recordable": 2})


# --- killed and started again -----------------------------------------------------------------------------------------


def import_and_die(slug: str, path: str, calls: int, *, after: bool, processes: int = 1) -> None:
    """Import until the given call of the posting, then kill -9 before or after the statement."""
    real, done = posting.post, [0]

    def post(document):
        done[0] += 1
        if done[0] == calls and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(document)
        if done[0] == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    posting.post = post
    call_command(
        "import_orders", path, program=slug, verbosity=0, batch=7, processes=processes, stdout=io.StringIO()
    )


@pytest.mark.faults
@pytest.mark.parametrize("after", [False, True], ids=["before the statement", "after it"])
def test_killed_in_the_middle_and_started_again_is_like_one_run(fresh_database, processes, tmp_path, after):
    path = write(tmp_path / "orders.csv", many())
    whole, broken = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    run(whole, path, batch=7)

    processes(1, import_and_die, broken.slug, str(path), 4, after=after)
    orders_then, _lines, _entries = state_of(broken)
    report = run(broken, path, batch=7)

    assert orders_then == (28 if after else 21)
    assert report["repeated"] == orders_then
    assert state_of(broken) == state_of(whole)
    assert b.wrong_wallets(broken) == []
    call_command("check_ledger", verify=True, stdout=io.StringIO())


def import_with_two(slug: str, path: str) -> dict[str, object]:
    answer = io.StringIO()
    call_command(
        "import_orders", path, program=slug, json=True, verbosity=0, batch=5, processes=2, stdout=answer
    )
    return eval(answer.getvalue(), {"true": True, "false": False})


@pytest.mark.faults
def test_two_processes_give_the_same_as_one(fresh_database, processes, tmp_path):
    path = write(tmp_path / "orders.csv", many())
    one, two = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    alone = run(one, path, batch=5)

    (report,) = processes(1, import_with_two, two.slug, str(path))

    apart = {"seconds", "rows_per_second"}
    assert {k: v for k, v in report.items() if k not in apart} == {
        k: v for k, v in alone.items() if k not in apart
    }
    assert state_of(two) == state_of(one)


def import_and_lose_a_worker(slug: str, path: str) -> str:
    """The first worker is killed when it has been sent work; the command must say so."""
    real = workers.Worker.send

    def send(self):
        real(self)
        os.kill(self.process.pid, signal.SIGKILL)

    workers.Worker.send = send
    try:
        import_with_two(slug, path)
    except CommandError as error:
        return str(error)
    return ""


@pytest.mark.faults
def test_a_lost_worker_is_told_and_the_import_goes_on_when_run_again(fresh_database, processes, tmp_path):
    path = write(tmp_path / "orders.csv", many())
    program, whole = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    run(whole, path)

    (said,) = processes(1, import_and_lose_a_worker, program.slug, str(path))
    run(program, path)

    assert "run the import again" in said
    assert state_of(program) == state_of(whole)


def import_and_leave_workers(slug: str, path: str, note: str) -> None:
    """Kill the parent when both workers are there; their process ids are in the file `note`."""
    real = workers.Crew.finish

    def finish(self):
        Path(note).write_text(" ".join(str(worker.process.pid) for worker in self.workers))
        os.kill(os.getpid(), signal.SIGKILL)
        return real(self)

    workers.Crew.finish = finish
    import_with_two(slug, path)


@pytest.mark.faults
def test_workers_end_with_their_parent(fresh_database, processes, tmp_path):
    note = tmp_path / "workers"
    program = b.open_program(currency="GBP")

    processes(
        1, import_and_leave_workers, program.slug, str(write(tmp_path / "orders.csv", many())), str(note)
    )

    left = [psutil.Process(int(pid)) for pid in note.read_text().split() if psutil.pid_exists(int(pid))]
    _gone, alive = psutil.wait_procs(left, timeout=60)
    assert alive == []


# --- another shop's data ----------------------------------------------------------------------------------------------

CDNOW = Path(__file__).resolve().parents[4] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt.gz"


@pytest.mark.skipif(not CDNOW.exists(), reason="the CDNOW sample is not beside the project")
def test_the_cdnow_sample_agrees_with_the_file_and_its_published_figures(db, tmp_path):
    """An order is a row of the file, so its number in the file is its external id (REFERENCE: 6919 orders)."""
    program = b.open_program(currency="USD")
    rows = [line.split() for line in gzip.decompress(CDNOW.read_bytes()).decode().splitlines()]
    lines = [
        f"{number},{day[:4]}-{day[4:6]}-{day[6:]},{customer},CD,{count},{dollars}"
        for number, (_master, customer, day, count, dollars) in enumerate(rows, 1)
    ]
    path = write(tmp_path / "cdnow.csv", orders(*lines, header=HEADER.replace("unit_price", "amount")))

    report = run(program, path)

    assert (report["orders"], report["customers"], report["members_created"]) == (6919, 2357, 2357)
    assert report["revenue_minor"] == 24_409_194
    assert report["revenue_minor"] == sum(int(dollars.replace(".", "")) for *_rest, dollars in rows)
    with scope(program=program):
        first = Member.objects.get(identities__value="0001")
        assert Order.objects.filter(member=first).count() == 4
        assert sum(Order.objects.filter(member=first).values_list("total_minor", flat=True)) == 10_050
