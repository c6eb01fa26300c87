"""Labeling functions that need Python: argument names are the fields they read, the result is a class or None."""


def exclaims(subject: str) -> str | None:
    """Vote spam for subjects full of exclamation marks and dollar signs."""
    return "spam" if subject.count("!") + subject.count("$") >= 2 else None
