"""What is installed: every distribution, the bytes it was installed with, and the machine code inside."""

from lading.installed.run import is_environment, read_sites, scan

__all__ = ["is_environment", "read_sites", "scan"]
