"""The app over gold, for people who do not write SQL: ``make app``."""
