"""Journeys, their versions and steps, and who stands where in them; functions and triggers from campaigns/sql/."""

from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
DROP = """
    DROP TRIGGER IF EXISTS wafa_journeys ON members_event;
    DROP FUNCTION IF EXISTS wafa_journeys();
    DROP FUNCTION IF EXISTS wafa_published() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0020_callers"),
        ("rewards", "0035_households"),
        ("campaigns", "0003_segment_notes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Journey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=64, verbose_name="key")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("live", "Live"),
                            ("paused", "Paused"),
                            ("stopped", "Stopped"),
                        ],
                        default="draft",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("draft", models.JSONField(default=dict, verbose_name="draft")),
                ("salt", models.CharField(max_length=32)),
                ("scanned_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
                "verbose_name": "journey",
                "verbose_name_plural": "journeys",
            },
        ),
        migrations.CreateModel(
            name="JourneyVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("graph", models.JSONField(verbose_name="graph")),
                ("published_at", models.DateTimeField(verbose_name="published")),
                (
                    "journey",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="campaigns.journey",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.program",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "journey version",
                "verbose_name_plural": "journey versions",
            },
        ),
        migrations.CreateModel(
            name="JourneyStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=32, verbose_name="key")),
                ("kind", models.CharField(max_length=16, verbose_name="kind")),
                ("position", models.PositiveSmallIntegerField()),
                ("config", models.JSONField(default=dict)),
                ("onward", models.BigIntegerField(null=True)),
                ("ways", models.JSONField(default=list)),
                ("spent", models.BigIntegerField(default=0, verbose_name="given of the budget")),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.program",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="campaigns.journeyversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a journey",
                "verbose_name_plural": "steps of journeys",
            },
        ),
        migrations.AddField(
            model_name="journey",
            name="current",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.journeyversion",
            ),
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("entry_key", models.CharField(max_length=80)),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "On the way"), ("finished", "Finished"), ("exited", "Left")],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("hop", models.IntegerField(default=0)),
                ("holdout", models.BooleanField(default=False, verbose_name="held out")),
                ("woken", models.BooleanField(default=False)),
                ("context", models.JSONField(default=dict)),
                ("event_id", models.BigIntegerField(null=True)),
                ("entered_at", models.DateTimeField(verbose_name="entered")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("reason", models.CharField(blank=True, default="", max_length=80, verbose_name="reason")),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.member",
                    ),
                ),
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
                    "journey",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="enrolments",
                        to="campaigns.journey",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.journeystep",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.journeyversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "enrolment",
                "verbose_name_plural": "enrolments",
            },
        ),
        migrations.CreateModel(
            name="Arrival",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_id", models.BigIntegerField()),
                ("order_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("context", models.JSONField(default=dict)),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.member",
                    ),
                ),
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
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.journeyversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "arrival",
                "verbose_name_plural": "arrivals",
            },
        ),
        migrations.CreateModel(
            name="Listener",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=64)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("exit", "leaves"), ("wait", "goes on"), ("enter", "enters")], max_length=5
                    ),
                ),
                ("match", models.JSONField(default=dict)),
                ("tree", models.JSONField(null=True)),
                ("test", models.TextField(blank=True, default="")),
                ("late_hours", models.PositiveSmallIntegerField(default=24)),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.program",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.journeystep",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.journeyversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "listener",
                "verbose_name_plural": "listeners",
            },
        ),
        migrations.CreateModel(
            name="StaffTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enrolment_id", models.BigIntegerField()),
                ("hop", models.IntegerField()),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("done_at", models.DateTimeField(null=True, verbose_name="done")),
                (
                    "done_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.member",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.program",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.journeystep",
                    ),
                ),
            ],
            options={
                "verbose_name": "task for staff",
                "verbose_name_plural": "tasks for staff",
            },
        ),
        migrations.CreateModel(
            name="StepExecution",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "enrolment_id",
                        "step_id",
                        "hop",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hop", models.IntegerField()),
                ("outcome", models.CharField(max_length=12, verbose_name="outcome")),
                ("reason", models.CharField(blank=True, default="", max_length=40, verbose_name="reason")),
                ("way", models.CharField(blank=True, default="", max_length=100, verbose_name="path")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "enrolment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.enrolment",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.member",
                    ),
                ),
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
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.journeystep",
                    ),
                ),
            ],
            options={
                "verbose_name": "step carried out",
                "verbose_name_plural": "steps carried out",
            },
        ),
        migrations.CreateModel(
            name="StepTally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "step_id",
                        "on",
                        "outcome",
                        "reason",
                        "way",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("on", models.DateField()),
                ("outcome", models.CharField(max_length=12)),
                ("reason", models.CharField(blank=True, default="", max_length=40)),
                ("way", models.CharField(blank=True, default="", max_length=100)),
                ("number", models.BigIntegerField(default=0)),
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
                    "step",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tallies",
                        to="campaigns.journeystep",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WorkChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lo", models.BigIntegerField()),
                ("hi", models.BigIntegerField()),
                ("made_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(null=True)),
                ("fence", models.IntegerField(default=0)),
                ("tries", models.SmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=120)),
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
                    "step",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.journeystep",
                    ),
                ),
            ],
            options={
                "verbose_name": "chunk of work",
                "verbose_name_plural": "chunks of work",
            },
        ),
        migrations.AddConstraint(
            model_name="journeyversion",
            constraint=models.UniqueConstraint(
                fields=("journey", "number"), name="journeyversion_number_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="journeystep",
            constraint=models.UniqueConstraint(fields=("version", "key"), name="journeystep_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="journeystep",
            constraint=models.CheckConstraint(
                condition=models.Q(("spent__gte", 0)), name="journeystep_spent_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="journey",
            constraint=models.UniqueConstraint(fields=("program", "key"), name="journey_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="journey",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "live", "paused", "stopped"])),
                name="journey_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="journey",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "draft"), ("current__isnull", False), _connector="OR"),
                name="journey_runs_a_version",
            ),
        ),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["step", "due_at"], name="enrolment_due"
            ),
        ),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["member"], name="enrolment_under_way"
            ),
        ),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                condition=models.Q(("status", "exited")), fields=["version", "step"], name="enrolment_left"
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                fields=("journey", "member", "entry_key"), name="enrolment_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "finished", "exited"])),
                name="enrolment_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "waiting"), _negated=True),
                    models.Q(("due_at__isnull", False), ("step__isnull", False)),
                    _connector="OR",
                ),
                name="enrolment_waits_somewhere",
            ),
        ),
        migrations.AddIndex(
            model_name="arrival",
            index=models.Index(fields=["version", "id"], name="arrival_by_version"),
        ),
        migrations.AddIndex(
            model_name="arrival",
            index=models.Index(fields=["member"], name="arrival_by_member"),
        ),
        migrations.AddIndex(
            model_name="listener",
            index=models.Index(fields=["program", "kind"], name="listener_by_kind"),
        ),
        migrations.AddIndex(
            model_name="stafftask",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True)),
                fields=["program", "due_at"],
                name="stafftask_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="stafftask",
            constraint=models.UniqueConstraint(fields=("enrolment_id", "step", "hop"), name="stafftask_once"),
        ),
        migrations.AddIndex(
            model_name="workchunk",
            index=models.Index(fields=["step"], name="workchunk_by_step"),
        ),
        migrations.RunSQL((SQL / "journeys.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "triggers.sql").read_text(), reverse_sql=DROP),
    ]
