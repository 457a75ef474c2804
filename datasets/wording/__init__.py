"""Hand-written wording: genuine texts, chat and the texts of scammers, with slots and disguises."""
