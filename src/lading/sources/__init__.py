"""Where artifacts come from: one module is one upstream, which tells what a name means there now."""
