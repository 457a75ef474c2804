"""Rulebook: rules are data; here they are read, checked, compiled and matched."""
