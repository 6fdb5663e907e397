"""Addresses of messages below /dashboard/<slug>/messages/."""

from django.urls import path

from campaigns.views.messages import files, manners, outbox, templates

urlpatterns = [
    path("", outbox.message_list, name="messages"),
    path("<int:letter_id>/", outbox.message, name="message"),
    path("<int:letter_id>/move/", outbox.message_move, name="message_move"),
    path("templates/", templates.template_list, name="templates"),
    path("templates/new/", templates.template_new, name="template_new"),
    path("templates/<int:template_id>/", templates.template, name="template"),
    path("templates/<int:template_id>/preview/", templates.template_preview, name="template_preview"),
    path("templates/<int:template_id>/<slug:move>/", templates.template_move, name="template_move"),
    path("files/", files.file_list, name="files"),
    path("files/print/", files.print_list, name="print_list"),
    path("files/print/<int:list_id>/", files.print_file, name="print_file"),
    path("files/audience/<slug:key>/", files.audience_file, name="audience_file"),
    path("rules/", manners.manners_page, name="manners"),
    path("rules/<int:suppression_id>/lift/", manners.suppression_lift, name="suppression_lift"),
    path("providers/", manners.provider_list, name="providers"),
    path("providers/<slug:channel>/", manners.provider_edit, name="provider"),
]
