"""Other systems as they want to be spoken to; each module needs its own library, which lading does not install."""
