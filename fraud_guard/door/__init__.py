"""The door: raw records in, validated, tokenised and minimised tags out."""
