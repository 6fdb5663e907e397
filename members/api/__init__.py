"""The REST API: what every call has in common, and the calls about members. Those about points are in rewards.api."""
