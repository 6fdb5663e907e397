from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "loyaltysite.kit"
    label = "kit"
    verbose_name = "Kit"

    def ready(self) -> None:
        from loyaltysite.kit import checks  # noqa: F401 - registers them
