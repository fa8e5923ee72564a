"""The vocabulary of the trade: calls, segments, operators, journal facts, and the ports adapters fill."""
