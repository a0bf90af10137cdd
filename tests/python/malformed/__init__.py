"""Malformed files of which it is known what has to become of them."""
