"""Agents that use tools: what a next step is, and when two of them are the same."""
