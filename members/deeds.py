"""What staff did, in a sentence for each action of the audit. An action of an app above is named here by its text,
as its pages are by the names of their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit.templatetags.formats import isolate

# %(who)s did it to %(what)s.
DEEDS: Mapping[str, str | Promise] = {
    "program.create": gettext_lazy("%(who)s made the program"),
    "program.change": gettext_lazy("%(who)s changed the settings of the program"),
    "program.logo": gettext_lazy("%(who)s put up a logo"),
    "program.logo_remove": gettext_lazy("%(who)s removed the logo"),
    "team.invite": gettext_lazy("%(who)s sent invitation %(what)s"),
    "team.invite_again": gettext_lazy("%(who)s sent invitation %(what)s again"),
    "team.revoke": gettext_lazy("%(who)s withdrew invitation %(what)s"),
    "team.join": gettext_lazy("%(who)s joined the team"),
    "team.set_role": gettext_lazy("%(who)s gave %(what)s a role"),
    "team.remove": gettext_lazy("%(who)s took %(what)s out of the team"),
    "store.add": gettext_lazy("%(who)s added store %(what)s"),
    "store.change": gettext_lazy("%(who)s changed store %(what)s"),
    "unit.create": gettext_lazy("%(who)s added unit %(what)s"),
    "unit.change": gettext_lazy("%(who)s changed unit %(what)s"),
    "tier.change": gettext_lazy("%(who)s changed the tiers"),
    "tier.regrade": gettext_lazy("%(who)s had all members re-graded"),
    "tier.set": gettext_lazy("%(who)s gave member %(what)s a tier"),
    "tier.end": gettext_lazy("%(who)s ended the tier given to member %(what)s"),
    "rule.draft": gettext_lazy("%(who)s drafted rule %(what)s"),
    "rule.discard": gettext_lazy("%(who)s discarded the draft of rule %(what)s"),
    "rule.publish": gettext_lazy("%(who)s published rule %(what)s"),
    "rule.cancel": gettext_lazy("%(who)s took back what was planned for rule %(what)s"),
    "rule.retire": gettext_lazy("%(who)s retired rule %(what)s"),
    "segment.create": gettext_lazy("%(who)s drafted segment %(what)s"),
    "segment.change": gettext_lazy("%(who)s changed segment %(what)s"),
    "segment.publish": gettext_lazy("%(who)s put segment %(what)s in force"),
    "segment.discard": gettext_lazy("%(who)s discarded the draft of segment %(what)s"),
    "segment.archive": gettext_lazy("%(who)s archived segment %(what)s"),
    "segment.import": gettext_lazy("%(who)s put members into list %(what)s"),
    "segment.export": gettext_lazy("%(who)s took segment %(what)s away as a file"),
    "journey.create": gettext_lazy("%(who)s drafted journey %(what)s"),
    "journey.change": gettext_lazy("%(who)s changed the draft of journey %(what)s"),
    "journey.publish": gettext_lazy("%(who)s published journey %(what)s"),
    "journey.ask": gettext_lazy("%(who)s asked to publish journey %(what)s"),
    "journey.approve": gettext_lazy("%(who)s approved what is published of journey %(what)s"),
    "journey.refuse": gettext_lazy("%(who)s refused to publish journey %(what)s"),
    "experiment.decide": gettext_lazy("%(who)s ended test %(what)s"),
    "journey.pause": gettext_lazy("%(who)s paused journey %(what)s"),
    "journey.resume": gettext_lazy("%(who)s let journey %(what)s go on"),
    "journey.stop": gettext_lazy("%(who)s stopped journey %(what)s"),
    "task.finish": gettext_lazy("%(who)s did task %(what)s"),
    "member.join": gettext_lazy("%(who)s enrolled member %(what)s"),
    "member.undo_join": gettext_lazy("%(who)s took back the joining of member %(what)s"),
    "member.change": gettext_lazy("%(who)s changed the profile of member %(what)s"),
    "member.service": gettext_lazy("%(who)s told of the service to member %(what)s"),
    "member.tags": gettext_lazy("%(who)s tagged member %(what)s"),
    "member.block": gettext_lazy("%(who)s blocked member %(what)s"),
    "member.unblock": gettext_lazy("%(who)s unblocked member %(what)s"),
    "member.close": gettext_lazy("%(who)s closed the account of member %(what)s"),
    "member.reopen": gettext_lazy("%(who)s opened the account of member %(what)s again"),
    "member.merge": gettext_lazy("%(who)s merged another member into %(what)s"),
    "member.unmerge": gettext_lazy("%(who)s took member %(what)s apart again"),
    "member.erase": gettext_lazy("%(who)s erased the person behind member %(what)s"),
    "members.export": gettext_lazy("%(who)s took a list of members away as a file"),
    "journal.close": gettext_lazy("%(who)s closed a month of the journal of points"),
    "journal.accounts": gettext_lazy("%(who)s changed the account numbers of the journal"),
    "journal.export": gettext_lazy("%(who)s took a month of the journal away as a file"),
    "budget.plan": gettext_lazy("%(who)s changed the budgets"),
    "cost.add": gettext_lazy("%(who)s entered a cost of the program"),
    "cost.remove": gettext_lazy("%(who)s removed a cost of the program"),
    "identity.add": gettext_lazy("%(who)s added an identity to member %(what)s"),
    "identity.remove": gettext_lazy("%(who)s removed an identity of member %(what)s"),
    "note.write": gettext_lazy("%(who)s wrote a note on member %(what)s"),
    "note.delete": gettext_lazy("%(who)s deleted a note on member %(what)s"),
    "points.adjust": gettext_lazy("%(who)s adjusted the balance of member %(what)s"),
    "points.spend": gettext_lazy("%(who)s spent from the balance of member %(what)s"),
    "points.forfeit": gettext_lazy("%(who)s let the balance of member %(what)s end"),
    "reward.create": gettext_lazy("%(who)s drafted reward %(what)s"),
    "reward.change": gettext_lazy("%(who)s changed reward %(what)s"),
    "reward.publish": gettext_lazy("%(who)s put up reward %(what)s"),
    "reward.end": gettext_lazy("%(who)s ended reward %(what)s"),
    "reward.picture": gettext_lazy("%(who)s changed the picture of reward %(what)s"),
    "badge.create": gettext_lazy("%(who)s drafted badge %(what)s"),
    "badge.change": gettext_lazy("%(who)s changed badge %(what)s"),
    "badge.publish": gettext_lazy("%(who)s put up badge %(what)s"),
    "badge.end": gettext_lazy("%(who)s ended badge %(what)s"),
    "plan.create": gettext_lazy("%(who)s drafted plan %(what)s"),
    "plan.change": gettext_lazy("%(who)s changed plan %(what)s"),
    "plan.publish": gettext_lazy("%(who)s put up plan %(what)s"),
    "plan.end": gettext_lazy("%(who)s ended plan %(what)s"),
    "plan.paid": gettext_lazy("%(who)s recorded the payment of a plan for member %(what)s"),
    "plan.left": gettext_lazy("%(who)s let member %(what)s leave a plan"),
    "plan.stayed": gettext_lazy("%(who)s kept member %(what)s in a plan"),
    "plan.refunded": gettext_lazy("%(who)s paid a plan back to member %(what)s"),
    "redemption.reserve": gettext_lazy("%(who)s reserved a reward for member %(what)s"),
    "redemption.confirm": gettext_lazy("%(who)s confirmed a reward of member %(what)s"),
    "redemption.fulfil": gettext_lazy("%(who)s handed a reward over to member %(what)s"),
    "redemption.release": gettext_lazy("%(who)s released a reward of member %(what)s"),
    "redemption.cancel": gettext_lazy("%(who)s cancelled a reward of member %(what)s"),
    "redemption.fail": gettext_lazy("%(who)s took the blame for a reward of member %(what)s"),
    "redemption.send": gettext_lazy("%(who)s sent a reward to member %(what)s"),
    "adjustment.ask": gettext_lazy("%(who)s asked for an adjustment of member %(what)s"),
    "adjustment.approve": gettext_lazy("%(who)s approved adjustment %(what)s"),
    "adjustment.refuse": gettext_lazy("%(who)s refused adjustment %(what)s"),
    "bulk.start": gettext_lazy("%(who)s began bulk action %(what)s"),
    "bulk.done": gettext_lazy("Bulk action %(what)s of %(who)s came to its end"),
    "bulk.cancel": gettext_lazy("%(who)s stopped bulk action %(what)s"),
    "import.upload": gettext_lazy("%(who)s uploaded file %(what)s"),
    "import.start": gettext_lazy("%(who)s began import %(what)s"),
    "import.stop": gettext_lazy("%(who)s stopped import %(what)s"),
    "import.discard": gettext_lazy("%(who)s discarded import %(what)s"),
    "alert.prepare": gettext_lazy("%(who)s had the remedy of alert %(what)s drafted"),
    "alert.snooze": gettext_lazy("%(who)s put off alert %(what)s"),
    "alert.close": gettext_lazy("%(who)s closed alert %(what)s"),
    "attribution.change": gettext_lazy("%(who)s changed how sales are attributed"),
    "backtest.begin": gettext_lazy("%(who)s began back-test %(what)s"),
    "backtest.stop": gettext_lazy("%(who)s stopped back-test %(what)s"),
    "backtest.resume": gettext_lazy("%(who)s let back-test %(what)s go on"),
    "backtest.delete": gettext_lazy("%(who)s deleted back-test %(what)s"),
    "backtest.outside": gettext_lazy("%(who)s found the cost outside of what back-test %(what)s foretold"),
    "cause.create": gettext_lazy("%(who)s drafted cause %(what)s"),
    "cause.change": gettext_lazy("%(who)s changed cause %(what)s"),
    "cause.publish": gettext_lazy("%(who)s put up cause %(what)s"),
    "cause.end": gettext_lazy("%(who)s ended cause %(what)s"),
    "cause.payout": gettext_lazy("%(who)s recorded a payment to cause %(what)s"),
    "coupon.create": gettext_lazy("%(who)s drafted coupon %(what)s"),
    "coupon.change": gettext_lazy("%(who)s changed coupon %(what)s"),
    "coupon.publish": gettext_lazy("%(who)s put up coupon %(what)s"),
    "coupon.end": gettext_lazy("%(who)s ended coupon %(what)s"),
    "pool.create": gettext_lazy("%(who)s made code pool %(what)s"),
    "pool.change": gettext_lazy("%(who)s changed code pool %(what)s"),
    "codes.add": gettext_lazy("%(who)s typed codes into pool %(what)s"),
    "codes.import": gettext_lazy("%(who)s uploaded codes for pool %(what)s"),
    "codes.draw": gettext_lazy("%(who)s had codes drawn for pool %(what)s"),
    "codes.done": gettext_lazy("Codes of %(who)s came into pool %(what)s"),
    "codes.download": gettext_lazy("%(who)s took codes of pool %(what)s away as a file"),
    "codes.give": gettext_lazy("%(who)s gave member %(what)s a code"),
    "giftcard.issue": gettext_lazy("%(who)s issued gift card %(what)s"),
    "giftcard.spend": gettext_lazy("%(who)s took a payment from gift card %(what)s"),
    "giftcard.refund": gettext_lazy("%(who)s paid back onto gift card %(what)s"),
    "giftcard.show": gettext_lazy("%(who)s looked at the code of gift card %(what)s"),
    "giftcard.block": gettext_lazy("%(who)s blocked gift card %(what)s"),
    "giftcard.unblock": gettext_lazy("%(who)s unblocked gift card %(what)s"),
    "goal.begin": gettext_lazy("%(who)s set goal %(what)s"),
    "goal.end": gettext_lazy("%(who)s ended goal %(what)s"),
    "household.found": gettext_lazy("%(who)s founded household %(what)s"),
    "household.add": gettext_lazy("%(who)s added a member to household %(what)s"),
    "household.remove": gettext_lazy("%(who)s took a member out of household %(what)s"),
    "household.limit": gettext_lazy("%(who)s changed a limit within household %(what)s"),
    "household.dissolve": gettext_lazy("%(who)s dissolved household %(what)s"),
    "manners.change": gettext_lazy("%(who)s changed the rules of messages"),
    "provider.change": gettext_lazy("%(who)s changed how messages leave by %(what)s"),
    "suppression.lift": gettext_lazy("%(who)s allowed messages to an address again"),
    "template.create": gettext_lazy("%(who)s drafted message template %(what)s"),
    "template.change": gettext_lazy("%(who)s changed message template %(what)s"),
    "template.publish": gettext_lazy("%(who)s put message template %(what)s in force"),
    "template.archive": gettext_lazy("%(who)s archived message template %(what)s"),
    "message.call_back": gettext_lazy("%(who)s called waiting messages back"),
    "message.settle": gettext_lazy("%(who)s told what became of message %(what)s"),
    "print_list.make": gettext_lazy("%(who)s made print list %(what)s"),
    "print_list.take": gettext_lazy("%(who)s took print list %(what)s away as a file"),
    "points.hold": gettext_lazy("%(who)s held back points of member %(what)s"),
    "points.release": gettext_lazy("%(who)s released points of member %(what)s"),
    "points.reinstate": gettext_lazy("%(who)s gave points that had ended back to member %(what)s"),
    "points.donate": gettext_lazy("%(who)s gave points of member %(what)s to a cause"),
    "donation.withdraw": gettext_lazy("%(who)s took back a donation of member %(what)s"),
    "order.pay": gettext_lazy("%(who)s paid an order with the balance of member %(what)s"),
    "redemption.extend": gettext_lazy("%(who)s kept a reward of member %(what)s usable for longer"),
    "referral.approve": gettext_lazy("%(who)s approved the referral of member %(what)s"),
    "referral.refuse": gettext_lazy("%(who)s refused the referral of member %(what)s"),
    "referrals.change": gettext_lazy("%(who)s changed the terms of referrals"),
    "review.make": gettext_lazy("%(who)s had review %(what)s made"),
    "review.decide": gettext_lazy("%(who)s decided on review %(what)s"),
    "reward.event": gettext_lazy("%(who)s changed day, place or seats of reward %(what)s"),
    "scores.ask": gettext_lazy("%(who)s had all members scored"),
    "scores.policy": gettext_lazy("%(who)s changed how members are valued"),
    "segment.retarget": gettext_lazy("%(who)s took segment %(what)s away as hashes"),
    "subscription.begin": gettext_lazy("%(who)s asked for a regular e-mail"),
    "subscription.end": gettext_lazy("%(who)s ended a regular e-mail"),
    "surprise.prepare": gettext_lazy("%(who)s prepared surprise %(what)s"),
    "surprise.start": gettext_lazy("%(who)s began surprise %(what)s"),
    "surprise.cancel": gettext_lazy("%(who)s cancelled surprise %(what)s"),
    "surprise.done": gettext_lazy("Surprise %(what)s of %(who)s came to its end"),
    "unit.stamp": gettext_lazy("%(who)s changed the stamps of unit %(what)s"),
    "view.save": gettext_lazy("%(who)s saved view %(what)s"),
    "view.delete": gettext_lazy("%(who)s deleted view %(what)s"),
    "webhook.create": gettext_lazy("%(who)s made webhook %(what)s"),
    "webhook.change": gettext_lazy("%(who)s changed webhook %(what)s"),
    "webhook.secret": gettext_lazy("%(who)s gave webhook %(what)s a new secret"),
    "webhook.pause": gettext_lazy("%(who)s paused webhook %(what)s"),
    "webhook.resume": gettext_lazy("%(who)s let webhook %(what)s go on"),
    "webhook.end": gettext_lazy("%(who)s ended webhook %(what)s"),
    "webhook.stop": gettext_lazy("%(who)s paused webhook %(what)s because nothing arrives"),
    "key.create": gettext_lazy("%(who)s made API key %(what)s"),
    "key.revoke": gettext_lazy("%(who)s revoked API key %(what)s"),
    "key.hand_over": gettext_lazy("%(who)s took over API key %(what)s"),
    "till.sale": gettext_lazy("%(who)s rang up sale %(what)s"),
    "till.undo": gettext_lazy("%(who)s undid sale %(what)s"),
    "till.find": gettext_lazy("%(who)s looked up members at the till"),
    "user.reset_second_factor": gettext_lazy("%(who)s reset the second factor of %(what)s"),
    "audit.export": gettext_lazy("%(who)s took the audit away as a file"),
    "admin.add": gettext_lazy("%(who)s added %(what)s on the operators’ pages"),
    "admin.change": gettext_lazy("%(who)s changed %(what)s on the operators’ pages"),
    "admin.delete": gettext_lazy("%(who)s deleted %(what)s on the operators’ pages"),
}

# The beginnings of actions that a filter offers.
GROUPS: Mapping[str, str | Promise] = {
    "program": gettext_lazy("Program"),
    "team": gettext_lazy("Team"),
    "store": gettext_lazy("Stores"),
    "unit": gettext_lazy("Units"),
    "tier": gettext_lazy("Tiers"),
    "rule": gettext_lazy("Rules"),
    "member": gettext_lazy("Members"),
    "members": gettext_lazy("Exports"),
    "identity": gettext_lazy("Identities"),
    "note": gettext_lazy("Notes"),
    "points": gettext_lazy("Balances"),
    "reward": gettext_lazy("Rewards"),
    "redemption": gettext_lazy("Redemptions"),
    "coupon": gettext_lazy("Coupons"),
    "codes": gettext_lazy("Codes"),
    "giftcard": gettext_lazy("Gift cards"),
    "plan": gettext_lazy("Plans"),
    "badge": gettext_lazy("Badges"),
    "household": gettext_lazy("Households"),
    "referral": gettext_lazy("Referrals"),
    "surprise": gettext_lazy("Surprises"),
    "segment": gettext_lazy("Segments"),
    "journey": gettext_lazy("Journeys"),
    "template": gettext_lazy("Templates"),
    "message": gettext_lazy("Messages"),
    "backtest": gettext_lazy("Back-tests"),
    "goal": gettext_lazy("Goals"),
    "alert": gettext_lazy("Alerts"),
    "review": gettext_lazy("Reviews"),
    "adjustment": gettext_lazy("Approvals"),
    "bulk": gettext_lazy("Bulk actions"),
    "import": gettext_lazy("Imports"),
    "key": gettext_lazy("API keys"),
    "webhook": gettext_lazy("Webhooks"),
    "till": gettext_lazy("Till"),
    "user": gettext_lazy("Sign-in"),
    "audit": gettext_lazy("Audit"),
    "admin": gettext_lazy("Operators"),
}

FIELDS: Mapping[str, str | Promise] = {
    "name": gettext_lazy("Name"),
    "names": gettext_lazy("Names"),
    "role": gettext_lazy("Role"),
    "author": gettext_lazy("Author"),
    "is_active": gettext_lazy("Open"),
    "currency": gettext_lazy("Currency"),
    "time_zone": gettext_lazy("Time zone"),
    "languages": gettext_lazy("Languages"),
    "prices_include_tax": gettext_lazy("Prices include tax"),
    "tax_rate": gettext_lazy("Tax rate"),
    "return_days": gettext_lazy("Days to return"),
    "margin_rate": gettext_lazy("Margin"),
    "discount_rate": gettext_lazy("Yearly discount"),
    "basis": gettext_lazy("What earns"),
    "brand": gettext_lazy("Brand colour"),
    "logo": gettext_lazy("Logo"),
    "requires_mfa": gettext_lazy("Second factor needed"),
    "adjust_limits": gettext_lazy("Limits of adjusting"),
    "worth": gettext_lazy("Worth"),
    "expiry": gettext_lazy("End"),
    "pending": gettext_lazy("Waiting time"),
    "precision": gettext_lazy("Decimals"),
    "shortfall": gettext_lazy("Shortfall"),
    "threshold": gettext_lazy("From"),
    "multipliers": gettext_lazy("Factors"),
    "benefits": gettext_lazy("Benefits"),
    "rank": gettext_lazy("Rank"),
    "tier": gettext_lazy("Tier"),
    "until": gettext_lazy("Until"),
    "state": gettext_lazy("State"),
    "amount": gettext_lazy("Amount"),
    "unit": gettext_lazy("Unit"),
    "up": gettext_lazy("Up"),
    "down": gettext_lazy("Down"),
    "fields": gettext_lazy("Fields"),
}
LONGEST = 300


def sentence(action: str, *, who: str, what: str, subject: str) -> SafeString:
    """The action in words, its names isolated; one that is not known here is told by its parts."""
    text = DEEDS.get(action)
    if text is None:
        text = "%(who)s: " + action.replace("%", "%%") + " · " + subject.replace("%", "%%") + " %(what)s"
    parts = {"who": isolate(who), "what": isolate(what)}
    return mark_safe(conditional_escape(str(text)) % parts)  # noqa: S308 - every part is escaped


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Field by field what stood there and what stands there now; nested settings are named by their path."""
    old, new = dict(_flat(before)), dict(_flat(after))
    names = list(dict.fromkeys([*old, *new]))
    return [
        {"field": _label(name), "before": _plain(old.get(name)), "after": _plain(new.get(name))}
        for name in names
        if old.get(name) != new.get(name) or name not in old or name not in new
    ]


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(value, Mapping) and value:
            yield from _flat(value, here)
        else:
            yield here, value


def _label(path: str) -> str:
    return " › ".join(str(FIELDS.get(part, part)) for part in path.split("."))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, list):
        text = ", ".join(_plain(part) if not isinstance(part, Mapping) else _pairs(part) for part in value)
    else:
        text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _pairs(part: Mapping[str, Any]) -> str:
    return " / ".join(str(value) for value in part.values())
