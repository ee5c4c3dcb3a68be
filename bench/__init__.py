"""Measurements, as ratios from one run. Never part of the tests."""
