"""How the model learns. TensorFlow lives only here, in an environment of its own."""
