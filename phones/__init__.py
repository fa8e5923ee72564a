"""Telephones that play people: softphones for the demo and the tests, load for the benches, ears that prove sound.

Only the demo, the tests and the benches import this package.
"""
