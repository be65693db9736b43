"""What is installed: every distribution, the bytes it was installed with, and the machine code inside."""

from lading.installed.run import is_environment, scan

__all__ = ["is_environment", "scan"]
