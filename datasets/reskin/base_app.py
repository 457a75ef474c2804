"""Base apps made wholly in code: unlike each other in their own classes, alike in the libraries that they share."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from datasets.reskin.axml import Node, Reference, write_xml
from datasets.reskin.dex_model import Body, Class, FieldRef, Line, Method, MethodRef, Prototype
from datasets.reskin.dex_writer import write_dex
from datasets.reskin.packing import Members, pack
from datasets.reskin.resource_tables import Configured, table
from datasets.reskin.vocabulary import CALLS, LABELS, TEXTS, WORDS

LABEL, ICON = 0x7F010000, 0x7F020000
PERMISSIONS = (
    "INTERNET", "READ_SMS", "RECEIVE_SMS", "SYSTEM_ALERT_WINDOW", "CAMERA", "READ_CONTACTS", "ACCESS_FINE_LOCATION",
    "RECORD_AUDIO", "FOREGROUND_SERVICE", "REQUEST_INSTALL_PACKAGES", "POST_NOTIFICATIONS", "VIBRATE",
)  # fmt: skip
_LOCALS = 6


@dataclass(frozen=True)
class AppPlan:
    """What a base app is to be: `seed` decides its own code, `libraries` which shared ones it carries."""

    seed: int
    classes: int = 24
    libraries: tuple[int, ...] = ()
    library_classes: int = 20
    images: int = 8


def make_app(plan: AppPlan) -> bytes:
    """An APK without a signature."""
    return pack(make_members(plan))


def make_members(plan: AppPlan) -> Members:
    """The members of a base app."""
    chance = Random(plan.seed)
    package = f"com.{chance.choice(WORDS)}{plan.seed}.{chance.choice(WORDS)}"
    classes = make_classes(chance, package.replace(".", "/"), plan.classes)
    classes[0].superclass = "Landroid/app/Activity;"
    for number in plan.libraries:
        classes += make_classes(Random(f"library {number}"), f"org/library{number}", plan.library_classes)
    main = classes[0].name[1:-1].replace("/", ".")
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


def make_classes(chance: Random, folder: str, count: int) -> list[Class]:
    """Classes that call each other and the platform."""
    names = [f"L{folder}/{chance.choice(WORDS).title()}{number};" for number in range(count)]
    shapes = {name: [_shape(chance, number) for number in range(chance.randrange(3, 8))] for name in names}
    return [_class(chance, name, shapes) for name in names]


def _shape(chance: Random, number: int) -> tuple[str, Prototype]:
    parameters = tuple(chance.choice(("I", "Ljava/lang/String;", "Z", "Ljava/lang/Object;")) for _ in range(chance.randrange(3)))
    return f"{chance.choice(WORDS)}{number}", Prototype(chance.choice(("V", "I", "Ljava/lang/String;")), parameters)


def _class(chance: Random, name: str, shapes: dict[str, list[tuple[str, Prototype]]]) -> Class:
    fields = [FieldRef(name, kind, f"{chance.choice(WORDS)}{number}") for number, kind in enumerate(("I", "Ljava/lang/String;", "Z"))]
    methods = [
        Method(title, prototype, 1, _body(chance, prototype, fields, shapes)) for title, prototype in shapes[name]
    ]
    return Class(name, methods, fields=fields)


def _body(
    chance: Random, prototype: Prototype, fields: list[FieldRef], shapes: dict[str, list[tuple[str, Prototype]]]
) -> Body:
    """Straight pieces with branches over some of them."""
    this = _LOCALS
    lines: list[Line] = [("const/4", 0, 0), ("const/4", 1, 1), ("const-string", 2, chance.choice(TEXTS))]
    for number in range(chance.randrange(4, 14)):
        if chance.random() < 0.35:
            lines.append((chance.choice(("if-eqz", "if-nez", "if-gez")), chance.randrange(2), f"skip{number}"))
        lines += _piece(chance, this, fields, shapes)
        lines.append(("label", f"skip{number}"))
    endings: dict[str, Line] = {"V": ("return-void",), "I": ("return", 0)}
    lines.append(endings.get(prototype.returns, ("return-object", 2)))
    return Body(_LOCALS + 1 + len(prototype.parameters), 1 + len(prototype.parameters), 5, lines)


def _piece(
    chance: Random, this: int, fields: list[FieldRef], shapes: dict[str, list[tuple[str, Prototype]]]
) -> list[Line]:
    """One thing that a method does."""
    kind = chance.randrange(6)
    if kind == 0:
        return [("const-string", 2, chance.choice(TEXTS)), ("iput-object", 2, this, fields[1])]
    if kind == 1:
        return [("iget", 0, this, fields[0]), ("add-int/lit8", 0, 0, chance.randrange(1, 100)), ("iput", 0, this, fields[0])]
    if kind == 2:
        other = chance.choice(list(shapes))
        name, prototype = chance.choice(shapes[other])
        registers = [{"I": 0, "Z": 1}.get(one, 2) for one in prototype.parameters]
        call: Line = ("invoke-virtual", MethodRef(other, name, prototype), 3, *registers)
        return [("new-instance", 3, other), call]
    if kind == 3:
        return [("sget-object", 4, FieldRef("Ljava/lang/System;", "Ljava/io/PrintStream;", "out")), ("const/16", 0, chance.randrange(9_999))]
    return _platform_call(chance)


def _platform_call(chance: Random) -> list[Line]:
    style, method = chance.choice(CALLS)
    registers = [{"I": 0, "Z": 1}.get(one, 2) for one in method.prototype.parameters][:4]
    call: Line = (style, method, *([] if style == "invoke-static" else [2]), *registers)
    lines: list[Line] = [call]
    if method.prototype.returns in {"I", "Z"}:
        lines.append(("move-result", 0))
    elif method.prototype.returns == "Ljava/lang/String;":
        lines.append(("move-result-object", 2))
    return lines
