"""The answer to an address that does not exist: a problem, like every other."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from loyaltysite.kit.errors import NotFound
from members.api import endpoints


@extend_schema(exclude=True)
class Nowhere(endpoints.Endpoint):
    authentication_classes: Any = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        raise NotFound

    def get(self, request: Request, *args: object, **kwargs: object) -> HttpResponse:
        raise NotFound
