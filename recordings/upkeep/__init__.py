"""The archive kept whole over the years: disks, reconciling, repair, retention, the signed audit log."""
