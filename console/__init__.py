"""The HTTP API of the running hotline: who may ask, what may be asked, and how it is described."""
