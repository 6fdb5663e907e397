"""Whole programs in one step: what each is made of, and who makes one."""
