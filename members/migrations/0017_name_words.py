"""The words of a name are kept beside it: a search that walks past members need not take each name apart."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0016_activities")]

    operations = [
        migrations.RemoveIndex(model_name="member", name="member_name_words"),
        migrations.AddField(
            model_name="member",
            name="name_words",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.contrib.postgres.search.SearchVector("name", config="simple"),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name="member",
            index=django.contrib.postgres.indexes.GinIndex(fields=["name_words"], name="member_name_words"),
        ),
    ]
