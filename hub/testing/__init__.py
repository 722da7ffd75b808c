"""The test kit for plugin authors: a pytest plugin with a real hub, and the conformance suite."""
