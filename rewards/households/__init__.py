"""Households: members who share a wallet (14). Everybody keeps an own wallet to earn and to redeem with; what is shared
moves into the household's, by itself or by hand, and out of it within the limits that the head sets."""
