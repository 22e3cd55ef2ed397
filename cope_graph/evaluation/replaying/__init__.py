"""What if: the tables of a bench from its records alone."""
