"""Lakeweave: the Python that the embedded target and the demo need."""
