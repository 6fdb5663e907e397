"""Logos: pictures only, written anew and small, kept by browsers for as long as they stay the same."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image, PngImagePlugin

from loyaltysite.kit import pictures
from members import logos
from members.models import Program, Role
from tests.members.teams import as_staff
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def program():
    return open_program()


def picture(kind="PNG", size=(600, 300), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, "teal").save(file, kind, **options)
    return file.getvalue()


def put_up(program, content, name="logo.png"):
    file = SimpleUploadedFile(name, content)
    return as_staff(program).post(f"/dashboard/{program.slug}/program/logo/", {"logo": file})


def digest_of(program):
    return Program.objects.get(pk=program.pk).logo_digest


def served(program, **query):
    return Client().get(f"/p/{program.slug}/logo/", query)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_made_small_and_shown_everywhere(program, kind):
    response = put_up(program, picture(kind))

    assert response.status_code == 302
    answer = served(program)
    assert answer["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (256, 128)
    address = logos.address_of(Program.objects.get(pk=program.pk))
    assert f'src="{address}"' in as_staff(program).get(f"/dashboard/{program.slug}/").text
    assert f'src="{address}"' in Client().get(f"/p/{program.slug}/sign-in/").text


def test_nothing_that_came_along_remains(program):
    secret = PngImagePlugin.PngInfo()
    secret.add_text("Comment", "planted-marker")
    content = picture(pnginfo=secret) + b"<script>planted-marker</script>"

    put_up(program, content)

    assert b"planted-marker" in content
    assert b"planted-marker" not in served(program).content


@pytest.mark.parametrize(
    "content",
    [SVG, b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 60, picture("GIF"), picture("BMP"), picture()[:200]],
    ids=["svg", "empty", "cut", "gif head", "gif", "bmp", "half"],
)
def test_anything_else_is_refused(program, content):
    response = put_up(program, content)

    assert response.status_code == 422
    assert digest_of(program) == ""
    assert served(program).status_code == 404


def test_a_picture_with_too_many_pixels_is_not_decoded(program, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 600 * 300 - 1)
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded"))

    assert "too many pixels" in put_up(program, picture()).text


def test_a_large_file_is_refused(program, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 100)

    assert "larger than 2 MB" in put_up(program, picture()).text


def test_a_tiny_picture_is_refused(program):
    assert "too small" in put_up(program, picture(size=(31, 90))).text


def test_browsers_keep_it_for_ever_under_its_version_and_ask_otherwise(program):
    put_up(program, picture())
    version = digest_of(program)[:16]

    kept, asked = served(program, v=version), served(program, v="0123")
    again = Client().get(f"/p/{program.slug}/logo/", headers={"If-None-Match": asked["ETag"]})

    assert "immutable" in kept["Cache-Control"]
    assert "max-age=31536000" in kept["Cache-Control"]
    assert asked["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_it_is_removed(program):
    put_up(program, picture())

    as_staff(program).post(f"/dashboard/{program.slug}/program/logo/", {"remove": "1"})

    assert digest_of(program) == ""
    assert served(program).status_code == 404


def test_removing_what_is_not_there_changes_nothing(program):
    logos.remove(program=program, by=None, now=timezone.now())

    assert digest_of(program) == ""


def test_only_owners_put_it_up(program):
    file = SimpleUploadedFile("logo.png", picture())

    response = as_staff(program, Role.MANAGER).post(
        f"/dashboard/{program.slug}/program/logo/", {"logo": file}
    )

    assert response.status_code == 403
    assert digest_of(program) == ""
