"""Stand-ins for upstreams that tests cannot reach: each speaks the recorded protocol and is proven by pointing the real client at it."""
