"""Films and their labels: read, counted and split."""
