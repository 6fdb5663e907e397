"""The pages of imports: who may what, the columns with their preview, progress, report, and harmless rejects."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.html import strip_tags
from django_scopes import scope

from members.models import Member, Order, Role
from rewards.imports import jobs, previews
from rewards.models import ImportRun
from rewards.views.imports import FORMULA
from tests.members.teams import as_staff, home_of
from tests.rewards.builders import open_program
from tests.rewards.imports.files import HEADER, ROW, orders

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
UNITS = {"points": {"names": {"en": {"one": "Star", "other": "Stars"}}}}
GOOD = orders(*(ROW.format(n, n, n % 3) for n in range(1, 6)))
FOREIGN = "Invoice,Bought on,Customer E-mail,Price\nF1,2026-01-02 10:00,anna@example.com,12.00\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    settings.CELERY_TASK_ALWAYS_EAGER = True


@pytest.fixture
def program():
    return open_program(units=UNITS)


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def list_of(program):
    return f"{home_of(program)}imports/"


def words(response):
    return re.sub(r"\s+", " ", strip_tags(response.text.split("<main", 1)[-1]))


def upload(client, program, content=GOOD, name="orders.csv"):
    """The address of the columns of a new file."""
    data = content if isinstance(content, bytes) else content.encode()
    response = client.post(f"{list_of(program)}upload/", {"file": SimpleUploadedFile(name, data)})
    assert response.status_code == 302, words(response)
    return response["Location"]


def the_run(program):
    with scope(program=program):
        return ImportRun.objects.get()


def start(client, program, address, callbacks, **choices):
    with callbacks(execute=True):
        response = client.post(address, _choices(program) | choices | {"start": "1"})
    return client.get(response["Location"]) if response.status_code == 302 else response


def _choices(program):
    """What the form would send untouched."""
    run = the_run(program)
    header = previews.head_of(path=str(jobs.path_of(run)), encoding=None).header
    columns = {f"column_{place}": run.options["mapping"][name] for place, name in enumerate(header)}
    return {"source": "import", "date_format": run.options["date_format"], **columns}


def test_a_file_is_shown_with_its_columns_and_what_it_would_earn(program, manager):
    address = upload(manager, program)

    text = words(manager.get(address))

    assert "order A1" in text
    assert "+10 Stars" in text
    assert "€10.00" in text
    assert "5 rows read" in text
    with scope(program=program):
        assert not Order.objects.exists()


def test_it_is_imported_and_told_about(program, manager, django_capture_on_commit_callbacks):
    address = upload(manager, program)

    text = words(start(manager, program, address, django_capture_on_commit_callbacks))

    assert "Done" in text
    assert "members created3" in text
    assert "points50 given" in text
    with scope(program=program):
        assert Member.objects.count() == 3
    assert "orders.csv" in words(manager.get(list_of(program)))


def test_a_column_is_mapped_by_hand(program, manager, django_capture_on_commit_callbacks):
    address = upload(manager, program, FOREIGN)
    page = manager.get(address)
    assert page.status_code == 200
    assert "Choose which column of the file is “Date and time”." in words(page)

    refused = manager.post(address, _choices(program), headers=HX)
    assert refused.status_code == 422
    assert "Say which column is: Date and time." in refused.text

    seen = manager.post(address, _choices(program) | {"column_1": "occurred_at"}, headers=HX)
    assert seen.status_code == 200
    assert "+12 Stars" in words(seen)
    text = words(start(manager, program, address, django_capture_on_commit_callbacks, column_1="occurred_at"))
    assert "Done" in text


def test_dates_of_a_column_that_is_mapped_by_hand_are_read_as_most_of_them_are_written(program, manager):
    content = "Invoice,Bought on,E-mail,Price\n" + "".join(
        f"F{n},{n}/10/2026 10:00,a@example.com,5.00\n" for n in range(11, 15)
    )
    address = upload(manager, program, content + "F9,someday,a@example.com,5.00\n")

    seen = manager.post(address, _choices(program) | {"column_1": "occurred_at"}, headers=HX)

    assert "11 Oct 2026" in words(seen)
    assert the_run(program).options["date_format"] == "%d/%m/%Y %H:%M"
    assert "1 row would be rejected" in words(seen)


def test_a_column_cannot_be_taken_twice(program, manager):
    address = upload(manager, program)

    response = manager.post(address, _choices(program) | {"column_3": "order_id"})

    assert response.status_code == 422
    assert "is taken as this already" in response.text


def test_a_column_that_is_not_used_is_left_out(program, manager, django_capture_on_commit_callbacks):
    address = upload(manager, program)

    start(manager, program, address, django_capture_on_commit_callbacks, column_2="")

    with scope(program=program):
        assert Order.objects.filter(member=None).count() == 5


def test_rejected_rows_are_downloaded_and_do_not_calculate(
    program, manager, django_capture_on_commit_callbacks
):
    content = orders(
        "A1,2026-01-02 10:00,c1,=1+1,1,5.00", "A2,never,c1,=HYPERLINK(x),1,5.00", "A3,never,c1,-5,+3,5.00"
    )
    text = words(
        start(manager, program, upload(manager, program, content), django_capture_on_commit_callbacks)
    )
    assert "Download them" in text

    run = the_run(program)
    response = manager.get(f"{list_of(program)}{run.pk}/rejected/")

    body = b"".join(response.streaming_content).decode()
    assert response["Content-Disposition"] == 'attachment; filename="orders.rejected.csv"'
    assert "A2,never,c1,'=HYPERLINK(x),1,5.00,3,cell_invalid," in body
    assert "A3,never,c1,-5,+3,5.00,4," in body


@pytest.mark.parametrize(
    "cell", ["=1", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1", "\r=1", " =1", "-a"]
)
def test_what_a_spreadsheet_would_calculate_is_known(cell):
    assert FORMULA.match(cell)


@pytest.mark.parametrize(
    "cell", ["", "A1", "-5", "+44 7700 900123", "+1 (555) 010-0199", "12.00", "a=b", "-1.50"]
)
def test_numbers_and_names_stay_as_they_are(cell):
    assert not FORMULA.match(cell)


def test_a_file_that_is_no_table_is_refused_at_its_field(program, manager):
    response = manager.post(
        f"{list_of(program)}upload/", {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04rest")}
    )

    assert response.status_code == 422
    assert "save the sheet as CSV first" in response.text
    assert manager.post(f"{list_of(program)}upload/", {}).status_code == 422


def test_progress_is_asked_for_as_long_as_it_goes_on(program, manager):
    upload(manager, program)
    run = the_run(program)
    with scope(program=program):
        jobs.start(run=run, by=run.author, now=timezone.now())
        jobs._claim(run.pk, timezone.now())
        ImportRun.objects.update(position=run.size // 2, rows=1200)
    address = f"{list_of(program)}{run.pk}/"

    fragment = manager.get(address, headers=HX)

    assert "<html" not in fragment.text
    assert "every 1s" in fragment.text
    assert "1,200 rows" in words(fragment)
    with scope(program=program):
        ImportRun.objects.update(state="done")
    assert "every 1s" not in manager.get(address, headers=HX).text


def test_a_waiting_one_is_stopped_and_goes_on(program, manager, django_capture_on_commit_callbacks):
    upload(manager, program)
    run = the_run(program)
    with scope(program=program):
        jobs.start(run=run, by=run.author, now=timezone.now())
    address = f"{list_of(program)}{run.pk}/"

    assert "Stopped" in words(manager.post(f"{address}stop/", follow=True))
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(f"{address}start/")

    assert "Done" in words(manager.get(address))


def test_a_draft_is_discarded(program, manager):
    upload(manager, program)

    manager.post(f"{list_of(program)}{the_run(program).pk}/discard/")

    with scope(program=program):
        assert not ImportRun.objects.exists()


def test_the_same_file_is_recognised(program, manager, django_capture_on_commit_callbacks):
    start(manager, program, upload(manager, program), django_capture_on_commit_callbacks)

    text = words(manager.get(upload(manager, program)))

    assert "This very file was imported on" in text
    assert "there before" in text


def test_an_analyst_looks_and_does_nothing(program, manager):
    upload(manager, program)
    analyst, run = as_staff(program, Role.ANALYST), the_run(program)
    address = f"{list_of(program)}{run.pk}/"

    assert "orders.csv" in words(analyst.get(list_of(program)))
    assert "Upload" not in analyst.get(list_of(program)).text.split("<table")[0].split("<main")[1]
    assert analyst.get(address).status_code == 200
    for path in ("columns/", "rejected/"):
        assert analyst.get(address + path).status_code == 403
    for path in ("start/", "stop/", "discard/", "columns/"):
        assert analyst.post(address + path).status_code == 403
    assert analyst.post(f"{list_of(program)}upload/").status_code == 403


def test_another_program_has_none_of_this(program, manager):
    upload(manager, program)
    other = open_program()
    stranger, number = as_staff(other, Role.OWNER), the_run(program).pk

    assert "orders.csv" not in stranger.get(list_of(other)).text
    for path in ("", "columns/", "rejected/"):
        assert stranger.get(f"{list_of(other)}{number}/{path}").status_code == 404
        assert stranger.get(f"{list_of(program)}{number}/{path}").status_code == 404
    for path in ("start/", "stop/", "discard/"):
        assert stranger.post(f"{list_of(other)}{number}/{path}").status_code == 404


def test_the_columns_fragment_is_what_a_reload_shows(program, manager):
    address = upload(manager, program)

    def blanks(text):
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|\s+', " ", text).strip()

    page, fragment = manager.get(address), manager.get(address, headers=HX)

    assert blanks(fragment.text) in blanks(page.text)


def test_the_uci_file_needs_no_columns(program, manager):
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    address = upload(manager, program, orders("5,MUG,A MUG,2,2026-01-05 10:00,3.00,12,France", header=header))

    text = words(manager.get(address))

    assert "They are read as they are" in text
    assert "+6 Stars" in text
    assert HEADER not in text
