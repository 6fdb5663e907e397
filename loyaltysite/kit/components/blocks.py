"""What stands around words of the page: notes, menus, lines that unfold, empty states, dialogs."""

from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from loyaltysite.kit.components.shapes import art, icon

register = template.Library()


@register.simple_block_tag(end_name="endnote")
def note(content: SafeString, kind: str = "") -> SafeString:
    """{% note "warn" %}48,200 Stars end on 30 November.{% endnote %}; kinds: warn, bad, or nothing."""
    sign = {"warn": "clock", "bad": "alert"}.get(kind, "info")
    role = mark_safe(' role="alert"') if kind == "bad" else ""
    return format_html(
        '<div class="{}"{}>{}<div>{}</div></div>', f"note {kind}".strip(), role, icon(sign), content
    )


@register.simple_block_tag(end_name="endtoast")
def toast(content: SafeString, sign: str = "check", dismiss: str = "") -> SafeString:
    """{% toast %}71 Stars given. <button>Undo</button>{% endtoast %}"""
    return format_html('<div class="toast">{}{}</div>', icon(sign), content)


@register.simple_block_tag(end_name="endmenu")
def menu(content: SafeString, text: str, icon_name: str = "", css: str = "right") -> SafeString:
    """{% menu "More" "dots" %}<button>…</button>{% endmenu %}; without an icon the text itself is shown."""
    shown = icon_name and format_html('{}<span class="vh">{}</span>', icon(icon_name), text)
    label = shown or format_html("{} {}", text, icon("down"))
    shape = "btn square" if icon_name else "btn"
    return format_html(
        '<details class="menu {}"><summary class="{}">{}</summary><div class="pop">{}</div></details>',
        css,
        shape,
        label,
        content,
    )


@register.simple_block_tag(end_name="endwhy")
def why(content: SafeString, text: str, amount: str = "", **options: Any) -> SafeString:
    """{% why "Order HL-48213" amount="+71" date=… badge="Pending" kind="warn" small=… open=True %}…{% endwhy %}"""
    return render_to_string(
        "components/why.html", {"content": content, "text": text, "amount": amount, **options}
    )


@register.simple_block_tag(end_name="endempty")
def empty(
    content: SafeString, title: str, text: str = "", picture: str = "empty", level: int = 2
) -> SafeString:
    """{% empty "No rewards yet" "Start with a £5 voucher." %}<a class="btn primary">…</a>{% endempty %}

    `level` is 3 where a heading of level 2 stands above it.
    """
    first_step = format_html('<p class="row">{}</p>', content) if content.strip() else ""
    return format_html(
        '<div class="empty">{0}<h{1}>{2}</h{1}><p>{3}</p>{4}</div>',
        art(picture, size=64), level, title, text, first_step,
    )  # fmt: skip


@register.simple_block_tag(takes_context=True, end_name="enddialog")
def dialog(context: Context, content: SafeString, id: str, title: str, **options: Any) -> SafeString:  # noqa: A002
    """{% dialog "publish" "Publish?" action=url confirm=_("Publish") danger=False %}words, fields{% enddialog %}

    Opened by a button with commandfor="publish" command="show-modal".
    """
    token = {"csrf_token": context.get("csrf_token")}
    return render_to_string(
        "components/dialog.html", {"content": content, "id": id, "title": title} | options | token
    )


@register.simple_tag
def skeleton(lines: int = 6) -> SafeString:
    """{% skeleton 6 %}: only after 300 ms, in the shape of what comes."""
    return format_html_join(
        "\n", "{}", ((mark_safe('<svg class="skel" aria-hidden="true"></svg>'),) for _ in range(lines))
    )
