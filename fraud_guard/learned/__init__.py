"""Trained models at work: artefacts checked and read, texts, hosts and persons scored."""
