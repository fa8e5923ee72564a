"""Who gets the call: the routing core and operators' presence."""
