"""What points cost: the journal with its closed months, budgets, costs and what came back."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0007_lots"),
        ("members", "0023_margins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Payback",
            fields=[
                (
                    "program",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="members.program",
                    ),
                ),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("measured_at", models.DateTimeField()),
                ("version", models.PositiveSmallIntegerField()),
                ("result", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="CohortShare",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "unit_id", "cohort", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("unit_id", models.BigIntegerField()),
                ("cohort", models.DateField()),
                ("granted", models.BigIntegerField()),
                ("expected", models.BigIntegerField()),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.program",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JournalMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                ("closed_at", models.DateTimeField(verbose_name="closed")),
                (
                    "closed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.program"
                    ),
                ),
            ],
            options={
                "verbose_name": "closed month",
                "verbose_name_plural": "closed months",
            },
        ),
        migrations.CreateModel(
            name="JournalLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("unit_id", models.BigIntegerField()),
                ("cohort", models.DateField()),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("sales", "Sales"),
                            ("deferred", "Deferred revenue of points"),
                            ("redeemed", "Revenue of points used"),
                            ("breakage", "Revenue of points never used"),
                            ("cost", "Cost of points given without a sale"),
                            ("provision", "Provision for points given without a sale"),
                        ],
                        max_length=10,
                    ),
                ),
                ("of_month", models.DateField(null=True)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.program",
                    ),
                ),
                (
                    "month",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="analytics.journalmonth",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProgramCost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("benefits", "Benefits"),
                            ("design", "Design and launch"),
                            ("administration", "Administration"),
                            ("upkeep", "Upkeep and software"),
                            ("other", "Other"),
                        ],
                        max_length=14,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("first", models.DateField(verbose_name="from")),
                ("last", models.DateField(verbose_name="to")),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("entered_at", models.DateTimeField(verbose_name="entered")),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.program"
                    ),
                ),
            ],
            options={
                "verbose_name": "cost of the program",
                "verbose_name_plural": "costs of the program",
            },
        ),
        migrations.CreateModel(
            name="SalesMonth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "month", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                ("net_minor", models.BigIntegerField(default=0, verbose_name="net sales to members")),
                ("measured_at", models.DateTimeField(verbose_name="measured")),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.program",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TierHolding",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "unit_id",
                        "day",
                        "tier_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("unit_id", models.BigIntegerField()),
                ("day", models.DateField(verbose_name="day")),
                ("tier_id", models.BigIntegerField()),
                ("held", models.BigIntegerField(verbose_name="held")),
                ("members", models.BigIntegerField(verbose_name="members")),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.program",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AccountNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("sales", "Sales"),
                            ("deferred", "Deferred revenue of points"),
                            ("redeemed", "Revenue of points used"),
                            ("breakage", "Revenue of points never used"),
                            ("cost", "Cost of points given without a sale"),
                            ("provision", "Provision for points given without a sale"),
                        ],
                        max_length=10,
                        verbose_name="account",
                    ),
                ),
                ("number", models.CharField(max_length=20, verbose_name="number")),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.program"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("program", "account"), name="accountnumber_one_each")
                ],
            },
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "line",
                    models.CharField(
                        choices=[
                            ("enrolment", "Enrolment"),
                            ("earning", "Earning"),
                            ("offers", "Personal offers"),
                            ("automation", "Automation"),
                        ],
                        max_length=10,
                        verbose_name="line",
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                ("planned_minor", models.BigIntegerField(verbose_name="planned")),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.program"
                    ),
                ),
            ],
            options={
                "verbose_name": "budget",
                "verbose_name_plural": "budgets",
                "constraints": [
                    models.UniqueConstraint(fields=("program", "line", "month"), name="budget_one_a_month"),
                    models.CheckConstraint(
                        condition=models.Q(("planned_minor__gte", 0)), name="budget_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)), name="budget_month_is_a_first"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="journalmonth",
            constraint=models.UniqueConstraint(fields=("program", "month"), name="journalmonth_closed_once"),
        ),
        migrations.AddConstraint(
            model_name="journalmonth",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)), name="journalmonth_is_a_first"
            ),
        ),
        migrations.AddConstraint(
            model_name="journalline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor", 0), _negated=True), name="journalline_not_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="journalline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("account__in", ["sales", "deferred", "redeemed", "breakage", "cost", "provision"])
                ),
                name="journalline_account_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="programcost",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))), name="programcost_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="programcost",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="programcost_is_positive"
            ),
        ),
    ]
