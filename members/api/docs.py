"""The documentation of the API: the OpenAPI document and a page that reads it, from this site alone."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "members/api/docs.html")


@require_safe
@cache_control(public=True, max_age=300)
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document."""
    return HttpResponse(_document(), content_type="application/vnd.oai.openapi+json; charset=utf-8")


@lru_cache(maxsize=1)
def _document() -> bytes:
    # Words of the document are technical English, whoever asks first.
    with translation.override("en"):
        found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(OpenApiJsonRenderer().render(found))
