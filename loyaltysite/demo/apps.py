from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "loyaltysite.demo"
    label = "demo"
    verbose_name = "Demo"
