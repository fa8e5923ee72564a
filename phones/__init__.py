"""Telephones that play people: softphones for the demo and the tests, load for the benches, ears that prove sound.

Nothing of the product imports this package.
"""
