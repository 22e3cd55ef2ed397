"""Data sets, methods side by side, tables."""
