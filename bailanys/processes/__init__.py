"""The hotline's processes: brought up, kept alive beside each other, told to end."""
