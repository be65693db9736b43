"""A command behind the load gate: started, watched, and its denials told in words."""
