"""Addresses of `members`."""

from django.urls import path

from members.views import account, audit, dashboard, invitation, keys, program, stores, team, webhooks

ONE = "dashboard/<slug:slug>/"

app_name = "members"
urlpatterns = [
    path("", dashboard.root, name="root"),
    path("dashboard/", dashboard.programs, name="programs"),
    path("accounts/profile/", account.account, name="account"),
    path("invitations/<slug:token>/", invitation.invitation, name="invitation"),
    path(ONE + "audit/", audit.audit, name="audit"),
    path(ONE + "audit/export/", audit.audit_export, name="audit_export"),
    path(ONE + "program/", program.program, name="program"),
    path(ONE + "program/brand/", program.brand, name="brand"),
    path(ONE + "program/logo/", program.logo, name="logo"),
    path(ONE + "team/", team.team, name="team"),
    path(ONE + "team/<int:place_id>/", team.team_member, name="team_member"),
    path(ONE + "team/<int:place_id>/remove/", team.team_remove, name="team_remove"),
    path(
        ONE + "team/invitations/<int:invitation_id>/resend/",
        team.invitation_resend,
        name="invitation_resend",
    ),
    path(
        ONE + "team/invitations/<int:invitation_id>/revoke/",
        team.invitation_revoke,
        name="invitation_revoke",
    ),
    path(ONE + "keys/", keys.keys, name="keys"),
    path(ONE + "keys/new/", keys.key_new, name="key_new"),
    path(ONE + "keys/<int:key_id>/", keys.key, name="key"),
    path(ONE + "webhooks/", webhooks.webhooks, name="webhooks"),
    path(ONE + "webhooks/new/", webhooks.webhook_new, name="webhook_new"),
    path(ONE + "webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path(ONE + "webhooks/<int:webhook_id>/edit/", webhooks.webhook_edit, name="webhook_edit"),
    path(ONE + "webhooks/<int:webhook_id>/secret/", webhooks.webhook_secret, name="webhook_secret"),
    path(ONE + "webhooks/<int:webhook_id>/<slug:move>/", webhooks.webhook_move, name="webhook_move"),
    path(
        ONE + "webhooks/<int:webhook_id>/messages/<int:message_id>/",
        webhooks.webhook_again,
        name="webhook_again",
    ),
    path(ONE + "stores/", stores.stores, name="stores"),
    path(ONE + "stores/new/", stores.store_new, name="store_new"),
    path(ONE + "stores/<int:store_id>/", stores.store_edit, name="store_edit"),
]
