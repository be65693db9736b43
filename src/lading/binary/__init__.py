"""Binary formats read within bounds and without unpacking to disk; knows no artifact."""
