"""Upgrading the library itself: what there is, what may be taken, and putting it beside the old one."""
