"""Fit heads on features, and fine-tune a backbone."""
