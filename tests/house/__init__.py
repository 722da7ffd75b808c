"""The bars of the house, each as a function that takes a tree and returns its faults in words."""
