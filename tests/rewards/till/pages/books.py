"""What the tests of the till's pages look up behind them."""

from django_scopes import scope

from members.models import AuditEntry, Order


def orders_of(program):
    with scope(program=program):
        return list(Order.objects.order_by("pk"))


def audited(program, action):
    with scope(program=program):
        return list(AuditEntry.objects.filter(action=action).order_by("pk"))
