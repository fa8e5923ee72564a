"""Target control: each group's day against its average wait, and who helps whom (rule 7)."""
