"""The package's version, that of the server it holds."""

__version__ = "0.1.0"
