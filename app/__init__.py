"""The app over gold, for people who look rather than type: ``make app``."""
