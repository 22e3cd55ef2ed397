"""Tests of cope_graph."""
