"""Draw what was measured: the report and the card."""
