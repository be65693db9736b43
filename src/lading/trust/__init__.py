"""Statements, the envelopes they travel in, and what makes them evidence: keys, certificates, times. No network, no subprocess."""
