"""The components as template tags; templates/components/README.md has one example of each."""

from django import template

from loyaltysite.kit.components import blocks, figures, forms, shapes

register = template.Library()
for part in (shapes, forms, figures, blocks):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
