"""Recordings found, heard, copied out and checked."""
