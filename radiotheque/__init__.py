"""The command line `radiotheque`: the front door, and the only place that knows every part."""
