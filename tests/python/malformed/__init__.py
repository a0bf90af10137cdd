"""Malformed files with their expected outcome."""
