from django.apps import AppConfig


class PresetsConfig(AppConfig):
    name = "loyaltysite.presets"
    label = "presets"
    verbose_name = "Presets"
