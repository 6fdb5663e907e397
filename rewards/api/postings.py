"""Calls of one posting: the answer is kept by the very statement that posts, so that no transaction is needed around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, problems
from loyaltysite.kit.errors import DomainError
from members.api import answers, endpoints
from rewards import posting


def kept(view: endpoints.Endpoint, mark: bytes, status: int, body: bytes) -> posting.Kept:
    """The row of a stored answer."""
    values = answers.values(view.caller, view.key, mark, status, body, clock.now())
    return posting.Kept(answers.TABLE, values)


def once[Result](
    view: endpoints.Endpoint,
    request: Request,
    *,
    work: Callable[[Callable[[Result], posting.Kept]], Result],
    tell: Callable[[Result], tuple[int, Any]],
) -> HttpResponse:
    """Endpoint.in_one() for `work` that hands what it is given to one posting; `tell` makes status and content of its
    result. A refusal by the domain is an answer, too, and leaves no other trace."""

    def post(mark: bytes) -> tuple[int, bytes, bool]:
        found: list[tuple[int, bytes]] = []

        def keep(result: Result) -> posting.Kept:
            status, content = tell(result)
            found[:] = [(status, endpoints.encode(content))]
            return kept(view, mark, *found[0])

        try:
            work(keep)
        except DomainError as error:
            if not endpoints.is_answer(error):
                raise
            found[:] = [(error.status, endpoints.encode(problems.of(error)))]
            answers.store(view.caller, view.key, mark, *found[0], clock.now())
        return (*found[0], True)

    return view.once(request, post)
