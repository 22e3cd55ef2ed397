"""Chat models: from a name to k samples for one bill."""
