"""Open models on the user's own hardware, through transformers and torch."""
