"""The product on Apache Kafka, Valkey and PostgreSQL: what a tag costs, how long an order takes, and what grows with what."""
