"""Alarms handed on to whoever is to be woken."""
