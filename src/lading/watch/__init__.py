"""Watch: stored bills of materials asked again when advisories change, by what changed alone."""
