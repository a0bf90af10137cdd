"""Adds a feed to the project: looks at delivered data and writes its source, its bronze models and its silver models."""
