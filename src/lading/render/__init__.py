"""Render: a report as people read it: terminal text; shared by the formats that are pages."""
