"""The adapter to Asterisk: AMI, FastAGI, the embedded Asterisk."""
