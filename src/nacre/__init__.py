"""Nacre: data development, from raw data and rules to a model and the cause of every error."""
