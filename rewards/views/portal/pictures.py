"""Pictures of rewards, found by what they show: whoever knows the address may see it, and a browser keeps it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django_scopes import scope

from members.models import Program
from rewards.models import RewardPicture


@require_safe
def picture(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    program = get_object_or_404(Program, slug=slug)
    with scope(program=program):
        found = get_object_or_404(RewardPicture, program=program, digest=digest)
    response = HttpResponse(bytes(found.content), content_type=found.content_type)
    patch_cache_control(response, public=True, max_age=365 * 86400, immutable=True)
    return response
