"""What the code of a base app is: its own, a generator's around a script, or a packer's shell around something encrypted."""

from __future__ import annotations

from random import Random
from typing import Protocol

from datasets.reskin.class_maker import make_classes
from datasets.reskin.dex_model import Class
from datasets.reskin.packing import Members
from datasets.reskin.vocabulary import TEXTS, WORDS

GENERATOR_CLASSES, SHELL_CLASSES = 80, 6
PAYLOAD_BYTES = 60_000


class Plan(Protocol):
    """What is asked of a plan here."""

    @property
    def seed(self) -> int:
        """Decides what is the app's own."""

    @property
    def kind(self) -> str:
        """"own", "generator" or "shell"."""

    @property
    def classes(self) -> int:
        """How many of its own."""


def own_parts(plan: Plan, chance: Random, package: str) -> tuple[list[Class], Members]:
    """The classes of an app of this kind, the first of which starts it; and the members that belong to the kind."""
    if plan.kind == "generator":
        return _generated(chance)
    if plan.kind == "shell":
        return _packed(chance)
    return make_classes(chance, package.replace(".", "/"), plan.classes), {}


def _generated(chance: Random) -> tuple[list[Class], Members]:
    """An app of uni-app: everybody's classes, and a script of its own."""
    number = f"__UNI__{chance.randrange(1 << 28):07X}"
    script = "".join(
        f"function {chance.choice(WORDS)}{line}(a){{return {chance.choice(WORDS)}(a,'{chance.choice(TEXTS)}',{chance.randrange(999)})}}\n"
        for line in range(200)
    )
    folder = f"assets/apps/{number}/www/"
    return make_classes(Random("generator"), "io/dcloud/feature", GENERATOR_CLASSES), {
        f"{folder}app-service.js": script.encode(),
        f"{folder}manifest.json": f'{{"id": "{number}", "name": "{chance.choice(WORDS)}"}}'.encode(),
        "assets/data/dcloud_control.xml": f'<hbuilder><apps><app appid="{number}" appver=""/></apps></hbuilder>'.encode(),
    }


def _packed(chance: Random) -> tuple[list[Class], Members]:
    """An app in a shell: the packer's classes, its native library, and the app as bytes that say nothing."""
    return make_classes(Random("shell"), "com/stub/stubapp", SHELL_CLASSES), {
        "lib/arm64-v8a/libjiagu_a64.so": b"\x7fELF" + Random("library").randbytes(20_000),
        "assets/libjiagu.so": b"\x7fELF" + Random("library 2").randbytes(20_000),
        "assets/payload.bin": chance.randbytes(PAYLOAD_BYTES),
    }
