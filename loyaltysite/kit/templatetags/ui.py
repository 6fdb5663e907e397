"""The components as template tags; templates/components/README.md has one example of each."""

from django import template

from loyaltysite.kit.components import blocks, figures, forms, medals, shapes

register = template.Library()
for part in (shapes, forms, figures, blocks, medals):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
