"""The application: settings, wiring, agents, replay and the command line."""
