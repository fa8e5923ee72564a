"""The one file that describes the contact centre, as frozen typed settings."""
