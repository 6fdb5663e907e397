"""The editor of a journey: every change goes to one address, is kept in the draft at once, and the flow is drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from campaigns import drafting
from campaigns.drafting import DraftChanged
from campaigns.models import Journey
from campaigns.views.journeys import drawing, flow, kinds, triggers
from campaigns.views.journeys.finding import find, taken_keys
from campaigns.views.journeys.flow import Graph, NoPlace
from campaigns.views.journeys.names import Names
from campaigns.views.journeys.pen import RULES, TRIGGER, Pen
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

TEMPLATE = "campaigns/dashboard/journeys/edit.html"


@dataclass(slots=True)
class Scene:
    """What the page shows: the draft, what is open in it, and what was refused."""

    journey: Journey
    names: Names
    graph: Graph
    revision: int
    url: str
    part: str = ""
    at: str = ""
    moving: str = ""
    pen: Pen | None = None
    refusal: str = ""
    is_stale: bool = False

    def open(self, part: str, request: StaffRequest) -> None:
        """Put a card under the pen; one that is not there stays away."""
        data = request.POST if request.method == "POST" else None
        try:
            self.pen = Pen(self.graph, part, self.names, url=self.part_url(part), data=data)
        except NoPlace:
            self.part = ""
        else:
            self.part = part

    def part_url(self, part: str) -> str:
        return f"{self.url}?{urlencode({'step': part})}"


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """The draft of a journey; where there is none, that of the version in force."""
    journey = find(program, key)
    graph = drafting.beginning(journey)
    scene = Scene(journey, Names(program), graph, drafting.revision_of(journey), request.path)
    if request.method == "POST":
        return _act(request, program, scene)
    scene.at, scene.moving = request.GET.get("at", ""), request.GET.get("move", "")
    if part := request.GET.get("step", ""):
        scene.open(part, request)
    return _page(request, program, scene)


def _act(request: StaffRequest, program: Program, scene: Scene) -> HttpResponse:
    do, _colon, rest = request.POST.get("do", "").partition(":")
    part = request.GET.get("step", "")
    if part:
        scene.open(part, request)
    if do == "save" or not do or do == "set" or (scene.pen and scene.pen.was_edited):
        return _write(request, program, scene, do)
    act = ACTS.get(do)
    try:
        if act is None:
            raise NoPlace(do)
        graph, opened = act(scene, rest)
    except (NoPlace, KeyError):
        scene.refusal = _("This cannot be done here. The flow may have changed in the meantime.")
        return _page(request, program, scene, status=422)
    return _keep(request, program, scene, graph, opened)


def _write(request: StaffRequest, program: Program, scene: Scene, do: str) -> HttpResponse:
    """What was typed into the open card."""
    pen = scene.pen
    if pen is None:
        scene.refusal = _("This step is not there any more.")
        return _page(request, program, scene, status=422)
    if pen.was_edited or do == "set":
        pen.hush()
        return _page(request, program, scene)
    if not pen.is_valid:
        return _page(request, program, scene, status=422)
    return _keep(request, program, scene, pen.written(), "")


def _keep(request: StaffRequest, program: Program, scene: Scene, graph: Graph, opened: str) -> HttpResponse:
    """Save the draft and show it, with `opened` under the pen."""
    try:
        scene.journey = drafting.save(
            program=program,
            key=scene.journey.key,
            graph=graph,
            by=request.user,
            now=clock.now(),
            revision=_whole(request.POST.get("revision")),
        )
    except DraftChanged as error:
        scene.refusal, scene.is_stale = str(error), True
        return _page(request, program, scene, status=409)
    except DomainError as error:
        scene.refusal = str(error)
        return _page(request, program, scene, status=422)
    if not request.htmx:
        return redirect(scene.part_url(opened) if opened else scene.url)
    scene.graph, scene.revision = graph, drafting.revision_of(scene.journey)
    scene.part, scene.pen = opened, None
    if opened:
        scene.pen = Pen(scene.graph, opened, scene.names, url=scene.part_url(opened))
    return _page(request, program, scene)


# --- what can be done to the flow: the graph that comes of it, and the card that opens


def _add(scene: Scene, rest: str) -> tuple[Graph, str]:
    kind, _colon, place = rest.partition(":")
    step = kinds.begin(kind, scene.names)
    return flow.insert(scene.graph, place, step, taken=taken_keys(scene.journey))


def _copy(scene: Scene, rest: str) -> tuple[Graph, str]:
    graph, _key = flow.duplicate(scene.graph, rest, taken=taken_keys(scene.journey))
    return graph, ""


def _here(scene: Scene, rest: str) -> tuple[Graph, str]:
    key, _colon, place = rest.partition(":")
    return flow.move(scene.graph, key, place), ""


def _more_paths(scene: Scene, rest: str) -> tuple[Graph, str]:
    return flow.add_path(_typed(scene, rest), rest), rest


def _fewer_paths(scene: Scene, rest: str) -> tuple[Graph, str]:
    key, _dot, number = rest.partition(".")
    return flow.remove_path(_typed(scene, key), key, _whole(number)), key


def _typed(scene: Scene, key: str) -> Graph:
    """With what stands in the open card, where it is the one asked for."""
    return scene.pen.half() if scene.pen and scene.part == key else scene.graph


ACTS: dict[str, Callable[[Scene, str], tuple[Graph, str]]] = {
    "add": _add,
    "remove": lambda scene, key: (flow.remove(scene.graph, key), ""),
    "up": lambda scene, key: (flow.shift(scene.graph, key, -1), ""),
    "down": lambda scene, key: (flow.shift(scene.graph, key, 1), ""),
    "copy": _copy,
    "here": _here,
    "path": _more_paths,
    "unpath": _fewer_paths,
}


# --- the page


def _page(request: StaffRequest, program: Program, scene: Scene, *, status: int = 200) -> HttpResponse:
    target = request.htmx.target or ""
    if request.htmx and scene.pen and target in scene.pen.trees:
        template = "campaigns/dashboard/journeys/parts/tree.html"
        return render(request, template, {"tree": scene.pen.trees[target]})
    faults = drafting.faults_of(program, scene.graph)
    by_step: dict[str, list[str]] = {}
    for fault in faults:
        by_step.setdefault(fault.step, []).append(str(fault))
    drawn = drawing.draw(scene.graph, scene.names, faults=by_step)
    titles = {card.key: card.title for card in drawing.each(drawn.cards)}
    begins = triggers.trigger(scene.graph, scene.names)
    context = {
        "journey": scene.journey,
        "drawing": drawn,
        "trigger": begins,
        "trigger_faults": [str(fault) for fault in faults if fault.path.startswith((TRIGGER, "entry"))],
        "rules": triggers.rules(scene.graph, scene.names),
        "rules_title": _("The whole journey"),
        "faults": [
            {
                "step": fault.step or _card_of(fault.path),
                "title": titles.get(fault.step) or begins.title,
                "message": str(fault),
            }
            for fault in faults
        ],
        "kinds": kinds.GROUPS,
        "part": scene.part,
        "part_url": scene.part_url(scene.part),
        "pen": scene.pen,
        "at": scene.at,
        "moving": scene.moving,
        "url": scene.url,
        "revision": scene.revision if status != 409 else _whole(request.POST.get("revision")),
        "refusal": scene.refusal,
        "is_stale": scene.is_stale,
        "changed_at": scene.journey.changed_at,
        **_around(request, program, scene),
    }
    # A fragment is shown whatever it says; the page itself answers 422 where something is wrong.
    if request.htmx and target == "flow":
        return render(request, f"{TEMPLATE}#flow", context)
    return render(request, TEMPLATE, context, status=status)


def _card_of(path: str) -> str:
    if path.startswith((TRIGGER, "entry")):
        return TRIGGER
    return "" if path == "steps" else RULES


def _around(request: StaffRequest, program: Program, scene: Scene) -> dict[str, Any]:
    address = reverse("campaigns:journey", args=[program.slug, scene.journey.key])
    crumbs: Sequence[tuple[str, str]] = [(address, scene.journey.name), (request.path, _("Edit"))]
    return frame.around(request.team, current="journeys", crumbs=crumbs)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else -1
