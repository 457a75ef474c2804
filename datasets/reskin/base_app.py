"""Base apps made wholly in code: unlike each other in their own classes, alike in the libraries that they share."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from datasets.reskin.app_kinds import own_parts
from datasets.reskin.axml import Node, Reference, write_xml
from datasets.reskin.class_maker import make_classes
from datasets.reskin.dex_writer import write_dex
from datasets.reskin.packing import Members, pack
from datasets.reskin.resource_tables import Configured, table
from datasets.reskin.vocabulary import LABELS, WORDS

LABEL, ICON = 0x7F010000, 0x7F020000
PERMISSIONS = (
    "INTERNET", "READ_SMS", "RECEIVE_SMS", "SYSTEM_ALERT_WINDOW", "CAMERA", "READ_CONTACTS", "ACCESS_FINE_LOCATION",
    "RECORD_AUDIO", "FOREGROUND_SERVICE", "REQUEST_INSTALL_PACKAGES", "POST_NOTIFICATIONS", "VIBRATE",
)  # fmt: skip


@dataclass(frozen=True)
class AppPlan:
    """What a base app is to be: `seed` decides its own code, `libraries` which shared ones it carries.

    `kind`: "own" code, made by a "generator" (its code is everybody's, the app is a script), or in a "shell" (the
    code is the packer's, the app lies encrypted beside it): the last two are hard to tell from each other.
    """

    seed: int
    classes: int = 24
    libraries: tuple[int, ...] = ()
    library_classes: int = 20
    images: int = 8
    kind: str = "own"


def make_app(plan: AppPlan) -> bytes:
    """An APK without a signature."""
    return pack(make_members(plan))


def make_members(plan: AppPlan) -> Members:
    """The members of a base app."""
    chance = Random(plan.seed)
    package = f"com.{chance.choice(WORDS)}{plan.seed}.{chance.choice(WORDS)}"
    classes, more = own_parts(plan, chance, package)
    classes[0].superclass = "Landroid/app/Activity;"
    for number in plan.libraries:
        classes += make_classes(Random(f"library {number}"), f"org/library{number}", plan.library_classes)
    main = f"{package}.RealActivity" if plan.kind == "shell" else classes[0].name[1:-1].replace("/", ".")
    members: Members = {
        "AndroidManifest.xml": _manifest(chance, package, main),
        "classes.dex": write_dex(classes, [f"https://api.{chance.choice(WORDS)}{plan.seed}.example/v1/login"]),
        "resources.arsc": table({
            "string": [Configured({0: chance.choice(LABELS)}), Configured({0: "App"}, b"en")],
            "mipmap": [Configured({0: "res/mipmap/icon.png"}, density=320)],
        }),
        "res/mipmap/icon.png": draw_picture(chance, 96),
    }
    for number in range(plan.images):
        members[f"res/drawable/{chance.choice(WORDS)}{number}.png"] = draw_picture(chance, chance.choice((48, 64, 120)))
    members.update(more)
    members["assets/config.json"] = f'{{"host": "cdn.{chance.choice(WORDS)}{plan.seed}.example"}}'.encode()
    return members


def _manifest(chance: Random, package: str, main: str) -> bytes:
    permissions = [
        Node("uses-permission", {"name": f"android.permission.{name}"}) for name in chance.sample(PERMISSIONS, 5)
    ]
    launcher = Node("intent-filter", children=[
        Node("action", {"name": "android.intent.action.MAIN"}), Node("category", {"name": "android.intent.category.LAUNCHER"}),
    ])
    application = Node("application", {"label": Reference(LABEL), "icon": Reference(ICON)}, [
        Node("activity", {"name": main, "exported": True}, [launcher]),
    ])
    return write_xml(Node("manifest", {"package": package, "versionCode": 1 + chance.randrange(90), "versionName": "1.0"}, [
        Node("uses-sdk", {"minSdkVersion": 24, "targetSdkVersion": 33}), *permissions, application,
    ]))


def draw_picture(chance: Random, side: int) -> bytes:
    """A PNG with a few shapes, unlike others."""
    picture = Image.new("RGBA", (side, side), (*_colour(chance), 255))
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randrange(4, 9)):
        left, top = chance.randrange(side - 8), chance.randrange(side - 8)
        box = (left, top, left + chance.randrange(6, side), top + chance.randrange(6, side))
        shape = chance.choice((draw.ellipse, draw.rectangle))
        shape(box, fill=(*_colour(chance), 255))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _colour(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)
