"""What happens to films: the one runtime and the workers that run on it."""
