"""Referrals in words, for members and for staff."""
