"""Makers of harmless samples of every known way to attack through model files.

Each sample is wrong in exactly one way and holds nothing but a marker where an attack would have its payload. None is ever loaded: they are made of
bytes, read by scanners, and used by tests, benchmarks and drills.
"""

from attacks.registry import SAMPLES, Sample, samples

__all__ = ["SAMPLES", "Sample", "samples"]
