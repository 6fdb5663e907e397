"""What a program queued in the last days is found without reading all that it ever queued."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0009_lists_and_codes")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["program", "queued_at"], name="message_lately"),
        )
    ]
