"""A plant made of real protocol servers: believable loads, meters that answer Modbus, recorded energy played back."""
