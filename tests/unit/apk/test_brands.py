"""Who bears the name of a brand that did not sign it, and who is the brand itself."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from apk_analysis.appearance.pictures import crops, looks
from apk_analysis.brands.impersonation import signed_by, wears
from apk_analysis.brands.learning import Genuine, learn
from apk_analysis.brands.table import Brand, read_brands
from apk_analysis.errors import RuleFault

SHIPPED = Path(__file__).parents[3] / "rules" / "apk" / "brands.csv"
KEY, OTHER = "a" * 64, "b" * 64
KNOWN = Brand("示例银行", ("示例银行",), frozenset({"example.bank"}), frozenset({KEY}))
UNKNOWN = Brand("示例支付", ("示例支付",), frozenset({"example.pay"}), frozenset())
HEAD = "brand,label_patterns,packages,cert_sha256,icon\n"


def drawn(path: Path, colour: str, box: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGBA", (192, 192), "white")
    ImageDraw.Draw(image).ellipse(box, fill=colour)
    ImageDraw.Draw(image).rectangle((box[0] // 2, 150, 100, 170), fill="red")
    image.save(path)
    return image


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "brands.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_name_without_the_certificate_is_worn() -> None:
    """Another app with a brand's name wears it by its label, and says so in two languages."""
    worn = wears(["示例銀行"], "com.scam", [OTHER], [KNOWN, UNKNOWN])
    assert worn is not None
    assert (worn.brand, worn.by, worn.similarity) == ("示例银行", ("label",), 1.0)
    assert "示例银行" in worn.zh and "示例银行" in worn.en


def test_the_brand_itself_wears_nothing() -> None:
    """An app signed with a known certificate of the brand is the brand's, whatever its package."""
    assert wears(["示例银行"], "example.other", [OTHER, KEY], [KNOWN]) is None


def test_the_package_without_the_certificate_is_worn() -> None:
    """Where a brand's certificates are known, its package under another key is the surest mask."""
    worn = wears(["随便"], "example.bank", [OTHER], [KNOWN])
    assert worn is not None and worn.by == ("package",) and worn.similarity == 1.0


def test_a_package_whose_certificates_are_not_known_may_be_real() -> None:
    """Nothing is said of an app under the package of a brand whose certificates nobody wrote down."""
    assert wears(["示例支付"], "example.pay", [OTHER], [UNKNOWN]) is None


def test_the_closest_brand_is_named() -> None:
    """Of several brands the one with the closest name."""
    near = Brand("近", ("示例银行官方",), frozenset(), frozenset())
    worn = wears(["示例银行"], "x", [], [near, KNOWN])
    assert worn is not None and worn.brand == "示例银行"


def test_any_of_the_labels_counts() -> None:
    """A name that is shown in one language only is worn all the same; an empty label is none."""
    assert wears(["", "Harmless", "示例银行"], "x", [], [KNOWN]) is not None
    assert wears(["", "Harmless"], "x", [], [KNOWN]) is None


def test_signed_by_needs_package_and_certificate() -> None:
    """An app is a brand's by both its package and a known certificate."""
    assert signed_by("example.bank", [KEY], [UNKNOWN, KNOWN]) == "示例银行"
    assert signed_by("example.bank", [OTHER], [KNOWN]) == "" == signed_by("x", [KEY], [KNOWN])
    assert signed_by("example.pay", [KEY], [UNKNOWN]) == ""


def test_a_pattern_stands_for_many_names(tmp_path: Path) -> None:
    """`*` in a name stands for anything, whatever spelling the app has of the rest."""
    brands = read_brands(table(tmp_path, HEAD + "示例证券,示例证券|示例*交易*,,,\n"))
    worn = wears(["示 例 极速 交易 Pro"], "x", [], brands)
    assert worn is not None and (worn.by, worn.similarity) == (("label",), 0.9)
    assert wears(["极速交易"], "x", [], brands) is None


def test_an_icon_alone_is_worn(tmp_path: Path) -> None:
    """The icon of a brand is a mask whatever the name, drawn smaller or not; another icon is none."""
    icon = drawn(tmp_path / "icon.png", "navy", (60, 10, 130, 180))
    brands = read_brands(table(tmp_path, HEAD + "示例银行,示例银行,example.bank,,icon.png\n"))
    worn = wears(["会议"], "x", [], brands, looks(crops(icon.resize((96, 96)).resize((192, 192)))))
    assert worn is not None and worn.by == ("icon",) and "图标" in worn.zh
    assert wears(["会议"], "x", [], brands, looks(crops(drawn(tmp_path / "b.png", "green", (10, 100, 190, 120))))) is None
    assert wears(["会议"], "example.bank", [], brands, looks(crops(icon))) is None


def test_a_genuine_app_teaches_the_table(tmp_path: Path) -> None:
    """What a genuine app is known by is added to its row once, a new brand gets a row, and a forgery is told from then on."""
    path = table(tmp_path, HEAD + "示例银行,示例银行|示例掌银,example.old,,\n")
    png = io.BytesIO()
    drawn(tmp_path / "icon.png", "navy", (60, 10, 130, 180)).save(png, "PNG")
    for _ in range(2):
        learn(path, "示例银行", Genuine("c" * 64, "example.bank", "示例掌银", (KEY,), png.getvalue()))
    learn(path, "新机构", Genuine("d" * 64, "example.new", "新,机构", (OTHER,)))
    first, second = read_brands(path)
    assert (first.packages, first.certificates, len(first.icons)) == (frozenset({"example.old", "example.bank"}), frozenset({KEY}), 5)
    assert second.names == ("新机构",) and second.certificates == {OTHER}
    forged = wears(["别的"], "example.bank", [OTHER], [first])
    assert forged is not None and forged.by == ("package",)


def test_what_cannot_be_a_row_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    """A genuine app without a name to go by is refused, and nothing is written."""
    path = table(tmp_path, HEAD + "示例银行,示例银行,,,\n")
    before = path.read_bytes()
    with pytest.raises(RuleFault, match="needs a name"):
        learn(path, "新机构", Genuine("d" * 64, "example.new", "", (OTHER,)))
    assert path.read_bytes() == before and not path.with_suffix(".new").exists()


def test_the_shipped_table_reads() -> None:
    """Every shipped brand has names, and none of them is another brand's."""
    brands = read_brands(SHIPPED)
    names = [name for one in brands for name in one.names]
    assert len(brands) >= 50
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a,b\n", 1, "columns"), (HEAD + ",示例,,,\n", 2, "needs a name"), (HEAD + "x,,,,\n", 2, "needs a name"), (HEAD + "x,♥,,,\n", 2, "needs a name"),
        (HEAD + "y,y,,,\nx,x,,ABC,\n", 3, "no SHA-256"), (HEAD + "x\n", 2, "needs a name"), (HEAD + "x,x,,,gone.png\n", 2, "icon gone.png"), ("", 1, "columns"),
    ],
)  # fmt: skip
def test_a_broken_table_names_line_and_remedy(tmp_path: Path, text: str, line: int, words: str) -> None:
    """A fault in the table names file, line and remedy."""
    with pytest.raises(RuleFault, match=words) as fault:
        read_brands(table(tmp_path, text))
    assert (fault.value.file, fault.value.line) == ("brands.csv", line) and fault.value.remedy


def test_an_absent_table_is_a_fault(tmp_path: Path) -> None:
    """A table that is not there, or is no text, is a fault of the rules too."""
    with pytest.raises(RuleFault):
        read_brands(tmp_path / "brands.csv")
    (tmp_path / "brands.csv").write_bytes(b"\xff\xfe\x00brand")
    with pytest.raises(RuleFault):
        read_brands(tmp_path / "brands.csv")
