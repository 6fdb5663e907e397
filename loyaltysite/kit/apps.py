from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "loyaltysite.kit"
    label = "kit"
    verbose_name = "Kit"
