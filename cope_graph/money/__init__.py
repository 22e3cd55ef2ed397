"""Prices and the bill."""
