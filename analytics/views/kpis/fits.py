"""Which model foretold the value of members, how it was fitted, and how far it looks."""

from __future__ import annotations

from django.utils.translation import gettext as _

from analytics.models import ModelFit, ScoreRun
from analytics.scores import runs
from analytics.views.value import words
from loyaltysite.kit import formats
from members.models import Program

NAMES = {"gammagamma": "Gamma-Gamma"}


def newest(program: Program) -> ScoreRun | None:
    return runs.newest(program, ScoreRun.State.DONE)


def model_of(run: ScoreRun) -> str:
    """BG/NBD + Gamma-Gamma, or that it is a plain estimate."""
    counts = str(run.get_model_display())
    return " + ".join(filter(None, (counts, NAMES.get(run.spend_model, ""))))


def tell(run: ScoreRun) -> list[str]:
    """Sentences: the model with its fit or why none speaks, the horizon, and what margin was reckoned with."""
    facts = {
        "model": model_of(run),
        "customers": formats.format_number(run.customers),
        "day": formats.format_date(run.as_of) if run.as_of else "–",
    }
    found = [_("%(model)s: %(customers)s customers as of %(day)s.") % facts]
    if run.model == ScoreRun.Model.PLAIN:
        found.append(words.why_plain(run.why))
    found += [_fit(fit) for fit in ModelFit.objects.filter(run=run, use=ModelFit.Use.SCORES).order_by("pk")]
    rate = formats.format_percent(run.discount_rate / 10_000)
    found.append(_("Looks a year ahead, discounted by %(rate)s a year.") % {"rate": rate})
    if run.margin_source == "unknown":
        found.append(
            _(
                "Nobody knows the margin: values are revenue. Give costs with the lines of orders, or a margin in the program’s settings."
            )
        )
    return [one for one in found if one]


def _fit(fit: ModelFit) -> str:
    name = NAMES.get(fit.model) or str(dict(ScoreRun.Model.choices).get(fit.model, fit.model))
    if fit.log_likelihood is None:
        return f"{name}: {words.reason_of(fit)}."
    likelihood = formats.format_number(fit.log_likelihood, decimals=2)
    return _("%(model)s: %(how)s, log-likelihood %(likelihood)s.") % {
        "model": name, "how": words.reason_of(fit), "likelihood": likelihood,
    }  # fmt: skip
