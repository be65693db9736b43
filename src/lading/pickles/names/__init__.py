"""The tables of names: what a pickle may name, under which rule, and what is known to be dangerous; data with source and date."""
