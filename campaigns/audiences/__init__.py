"""Audiences: what can be asked about members, who belongs to which segment, and how that stays true."""
