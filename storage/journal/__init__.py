"""The journals' one way into the ledger: written, read, folded, projected, checked."""
