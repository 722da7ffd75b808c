"""Points, readings as columns, live state, identity and time. Knows no protocol, no database, no page."""
