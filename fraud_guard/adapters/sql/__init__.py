"""Truth, dead letters and vault in SQL: SQLite now; plain types and statements, so PostgreSQL can follow."""
