"""The commands of `python -m training`, one file each, as `radiotheque` passes them on."""
