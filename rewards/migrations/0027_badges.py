"""Badges, challenges and milestones, what counts for them, how members stand and what they won."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0016_activities"),
        ("rewards", "0026_codes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Badge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=60, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[("badge", "Badge"), ("challenge", "Challenge"), ("milestone", "Milestone")],
                        max_length=9,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("live", "Live"), ("ended", "Ended")],
                        default="draft",
                        max_length=5,
                        verbose_name="state",
                    ),
                ),
                ("names", models.JSONField(default=dict, verbose_name="names")),
                ("texts", models.JSONField(blank=True, default=dict, verbose_name="what to do")),
                ("medal", models.JSONField(blank=True, default=dict, verbose_name="medal")),
                ("definition", models.JSONField(default=dict, verbose_name="goal")),
                ("is_kept", models.BooleanField(default=False, verbose_name="kept once won")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("needs_joining", models.BooleanField(default=False, verbose_name="members join it")),
                ("has_board", models.BooleanField(default=False, verbose_name="leaderboard")),
                ("horizon", models.BigIntegerField(editable=False, null=True)),
                ("counted_to", models.BigIntegerField(default=0, editable=False)),
                ("counted_at", models.DateTimeField(editable=False, null=True, verbose_name="counted")),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="badges",
                        to="members.program",
                    ),
                ),
            ],
            options={
                "verbose_name": "badge",
                "verbose_name_plural": "badges",
            },
        ),
        migrations.CreateModel(
            name="BadgeProgress",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "badge_id", "member_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("member_id", models.BigIntegerField()),
                ("period", models.CharField(blank=True, max_length=10)),
                ("value", models.DecimalField(decimal_places=4, max_digits=20)),
                ("best", models.DecimalField(decimal_places=4, max_digits=20)),
                ("at", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("level", models.SmallIntegerField(default=0)),
                ("step", models.SmallIntegerField(default=0)),
                (
                    "badge",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rewards.badge",
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
            ],
        ),
        migrations.CreateModel(
            name="BadgeShare",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "badge_id",
                        "anchor",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("anchor", models.BigIntegerField()),
                ("key", models.CharField(max_length=128)),
                ("member_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("value", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "badge",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rewards.badge",
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
            ],
        ),
        migrations.CreateModel(
            name="BadgeWin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.CharField(max_length=40, verbose_name="level")),
                ("period", models.CharField(blank=True, max_length=10)),
                ("won_at", models.DateTimeField(verbose_name="won")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                ("lost_at", models.DateTimeField(null=True, verbose_name="taken back")),
                ("prizes", models.JSONField(default=list)),
                (
                    "badge",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wins",
                        to="rewards.badge",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="wins", to="members.member"
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
            ],
            options={
                "verbose_name": "badge won",
                "verbose_name_plural": "badges won",
            },
        ),
        migrations.CreateModel(
            name="ChallengeEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("joined_at", models.DateTimeField(verbose_name="joined")),
                ("is_shown", models.BooleanField(default=False, verbose_name="on the leaderboard")),
                (
                    "shown_as",
                    models.CharField(
                        blank=True, default="", max_length=30, verbose_name="name on the leaderboard"
                    ),
                ),
                (
                    "badge",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="rewards.badge",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="challenges",
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
            ],
            options={
                "verbose_name": "participation",
                "verbose_name_plural": "participations",
            },
        ),
        migrations.AddConstraint(
            model_name="badge",
            constraint=models.UniqueConstraint(fields=("program", "key"), name="badge_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="badge",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["badge", "challenge", "milestone"])), name="badge_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="badge",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "live", "ended"])), name="badge_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="badge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "challenge"),
                    models.Q(("ends_at", None), ("has_board", False), ("needs_joining", False)),
                    _connector="OR",
                ),
                name="badge_only_challenges_have_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="badge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("starts_at", None),
                    ("ends_at", None),
                    ("ends_at__gt", models.F("starts_at")),
                    _connector="OR",
                ),
                name="badge_ends_after_it_begins",
            ),
        ),
        migrations.AddIndex(
            model_name="badgeprogress",
            index=models.Index(fields=["badge", "-value", "at", "member_id"], name="badgeprogress_by_rank"),
        ),
        migrations.AddIndex(
            model_name="badgeprogress",
            index=models.Index(fields=["member_id"], name="badgeprogress_by_member"),
        ),
        migrations.AddIndex(
            model_name="badgeprogress",
            index=models.Index(
                condition=models.Q(("until__isnull", False)), fields=["until"], name="badgeprogress_due"
            ),
        ),
        migrations.AddIndex(
            model_name="badgeshare",
            index=models.Index(fields=["badge", "member_id"], name="badgeshare_by_member"),
        ),
        migrations.AddIndex(
            model_name="badgeshare",
            index=models.Index(fields=["anchor"], name="badgeshare_by_anchor"),
        ),
        migrations.AddIndex(
            model_name="badgewin",
            index=models.Index(
                condition=models.Q(("lost_at__isnull", True)),
                fields=["badge", "-won_at"],
                name="badgewin_by_badge",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgewin",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lost_at__isnull", True)),
                fields=("badge", "member", "level", "period"),
                name="badgewin_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="challengeentry",
            constraint=models.UniqueConstraint(fields=("badge", "member"), name="challengeentry_once"),
        ),
    ]
