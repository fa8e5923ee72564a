"""The live calls: Asterisk's events in, the routing core asked, its commands carried out at Asterisk."""
