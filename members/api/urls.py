"""Addresses of the API about members and stores; the last one answers whatever is no address at all."""

from django.urls import URLPattern, path, re_path

from members.api import consents, nowhere, people, stores

ONE = r"^members/(?P<member_id>[0-9]{1,18})"

urlpatterns: list[URLPattern] = [
    path("members", people.Members.as_view(), name="members"),
    re_path(ONE + "$", people.One.as_view(), name="member"),
    re_path(ONE + "/identities$", people.Identities.as_view(), name="member-identities"),
    re_path(ONE + "/identities/remove$", people.IdentityRemoval.as_view(), name="member-identity-removal"),
    re_path(ONE + "/consents$", consents.Consents.as_view(), name="member-consents"),
    re_path(ONE + "/block$", people.Block.as_view(), name="member-block"),
    re_path(ONE + "/unblock$", people.Unblock.as_view(), name="member-unblock"),
    path("stores", stores.Stores.as_view(), name="stores"),
    re_path(r"^stores/(?P<store_id>[0-9]{1,18})$", stores.One.as_view(), name="store"),
]
# Line breaks, too, which no converter takes.
last = [re_path(r"^(?P<rest>[\s\S]*)\Z", nowhere.Nowhere.as_view(), name="nowhere")]
