"""The page of last resort: it asks neither the database nor the request, and speaks the reader's language."""

import pytest
from django.test import RequestFactory
from django.utils import translation
from django.views.defaults import server_error


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl")]
)
def test_it_stands_in_every_direction_without_a_query(language, direction):
    with translation.override(language):
        answer = server_error(RequestFactory().get("/"))

    page = answer.content.decode()
    assert answer.status_code == 500
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert "css/base" in page
