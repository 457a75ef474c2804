"""Training of the shipped models: seeded, reproducible, never imported by what decides."""
