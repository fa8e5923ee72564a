"""All that Asterisk reads: names, templates, rendering, verification."""
