"""The starter model: one recipe, on films that anybody may have."""
