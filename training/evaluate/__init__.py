"""Measure what a model is worth, with intervals."""
