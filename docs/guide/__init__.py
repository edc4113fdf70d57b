"""The pictures of the user guide."""
