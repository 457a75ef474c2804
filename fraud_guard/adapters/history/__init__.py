"""History: the rows of the log as Parquet files by day, for backtests and for the timeline of an alert."""
