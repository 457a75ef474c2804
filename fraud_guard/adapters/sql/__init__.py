"""Truth, dead letters and vault in SQL, on SQLite and PostgreSQL: plain types and statements."""
