"""Catalog: what is known of the upstream world, as data with a source and a date; and components built from it."""
