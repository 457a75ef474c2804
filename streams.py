"""The stream worker, in the order a tag travels.   faust -A streams worker"""

from __future__ import annotations

from fraud_guard.app import agents, settings, wiring

config = settings.read()  # environment and file -> frozen settings; names every bad field at once
site = wiring.site(config)  # log, memory, truth, vault, rules, senders: opened when the worker starts
app = wiring.faust_app(config, site)

agents.take_in(app, site)  # inlets -> door -> the log
agents.score(app, site)  # the log -> features -> rules -> fusion -> escalation -> truth
agents.send_out(app, site)  # truth -> outbox -> stations, topics, webhook; controls back to the log
agents.chase_deadlines(app, site)  # silence -> the next level; idle -> watermark; verdicts, new rules -> the log
agents.keep_history(app, site)  # the log -> Parquet by day, where a folder is set
