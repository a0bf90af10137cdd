"""The demo: its landing zone, the training of its networks and the rules of its two prompts. The package imports none of it."""
