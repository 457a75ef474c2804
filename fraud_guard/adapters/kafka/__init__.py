"""Apache Kafka under Faust."""
