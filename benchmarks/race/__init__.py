"""The fair race: the same job behind our engine and behind others, on the same broker and topic; see `race`."""
