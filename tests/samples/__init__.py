"""A factory of real requests, taken from the vectors."""
