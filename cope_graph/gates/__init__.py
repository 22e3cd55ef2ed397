"""How sure the samples are, and what follows."""
