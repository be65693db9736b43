"""Advisories: records of what is known to be bad, compiled into one file that is asked in microseconds."""
