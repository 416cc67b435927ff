"""The version, once. The build reads it here."""

__version__ = "0.1.0"
