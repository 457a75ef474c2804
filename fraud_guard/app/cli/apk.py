"""`fraud-guard apk …`: what is done with APK files and the reports on them."""

from __future__ import annotations

import typer

from fraud_guard.app.cli import apk_brand, apk_evaluate, apk_index, apk_queue, apk_report, apk_scan

app = typer.Typer(no_args_is_help=True)
app.command("scan")(apk_scan.scan)
app.command("watch")(apk_scan.watch)
app.command("submit")(apk_queue.submit)
app.command("work")(apk_queue.work)
app.command("report")(apk_report.report)
app.command("similar")(apk_index.similar)
app.add_typer(apk_index.index_app, name="index", help="The fingerprint index: add, query, delete, merge, compact.")
app.add_typer(apk_index.families_app, name="families", help="Families of scam apps: list, split, join.")
app.command("brand")(apk_brand.brand)
app.command("evaluate")(apk_evaluate.evaluate)
