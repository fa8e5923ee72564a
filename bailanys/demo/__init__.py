"""`make demo`: a scene with real phones on a real Asterisk, and the story of it."""

from bailanys.demo.play import play_demo

__all__ = ["play_demo"]
