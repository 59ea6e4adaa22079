"""Draws a run's story and diagnosis: one HTML page that opens from disk, or a PNG. Gets rows; runs no SQL."""
