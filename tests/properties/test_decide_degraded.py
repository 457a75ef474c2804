"""What a scorer that is behind leaves out depends on the tags alone, and never costs a rule, a level or a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.behaviour import ALL, IN_BRIEF, Behaviour, Floats, Which
from fraud_guard.escalation.effects import Effects
from fraud_guard.generation import ESCALATION, FUSION
from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import Mode, decide
from fraud_guard.rounds import Looked
from fraud_guard.tags.block import Block
from tests.reference.behaviours import files_of, small_artefact, two_voices
from tests.reference.books import Book, book_of, shipped_files, synthetic_rules
from tests.reference.harness import by_decide, rows_of, without_places
from tests.strategies import FEW, cuts_of, days, long_day

MODES = st.sampled_from((Mode.BRIEF, Mode.FEW))


@FEW
@given(days(), MODES, st.data())
def test_any_cut_gives_the_same_alerts(tags, mode, data):
    """Blocks of 1, of any other size and in parts, and a restart in the middle, give the same changes."""
    rows = rows_of(tags)
    one_by_one = by_decide(two_voices(), rows, list(range(len(rows))), mode=mode)
    cuts = data.draw(cuts_of(len(tags)))
    assert by_decide(two_voices(), rows, cuts, mode=mode).changes == one_by_one.changes
    assert by_decide(two_voices(), rows, [], restart_at=frozenset(cuts), mode=mode).changes == one_by_one.changes
    parts = by_decide(two_voices(), rows, cuts, in_parts=True, mode=mode)
    assert without_places(parts) == without_places(one_by_one)


@FEW
@given(days())
def test_in_brief_levels_and_times_stay(tags):
    """Without reasons that change nothing, every alert is raised, rises and ends as with them."""
    rows = rows_of(tags)
    told = [by_decide(two_voices(), rows, [], mode=mode).changes for mode in (Mode.WHOLE, Mode.BRIEF)]
    bare = [{t: [(c.n, c.change, c.level, c.ts_ms, c.probability, c.clues) for c in cs] for t, cs in one.items()} for one in told]
    assert bare[0] == bare[1]


POLICIES = {name: shipped_files()[name] for name in (FUSION, ESCALATION)}
ROWS = rows_of(long_day(2, 200, subjects=3))


def effects_of(mode: Mode, book: Book | None = None) -> list[Effects]:
    """A busy day in blocks of five."""
    memory = Memory()
    memory.journal.mode = mode
    blocks = [Block(ROWS[i : i + 5].copy(), [], [], []) for i in range(0, len(ROWS), 5)]
    generation = (book or two_voices()).generation
    return [decide(block, memory, generation) for block in blocks]


def fresh_words(effects: list[Effects]) -> dict[tuple[bytes, int, str, int], str]:
    """The model's words at every change of a level, where it spoke at that moment."""
    return {
        (a.token, a.n, a.change, a.ts_ms): e.summary_en
        for one in effects for a in one.alerts for e in a.evidence
        if e.kind == "behaviour" and a.change in ("raised", "escalated") and e.ts_ms == a.ts_ms
    }  # fmt: skip


def test_reasons_stay_where_they_matter():
    """Whoever is sent out reads why: where the model changes a level, its reasons are those of a calm day."""
    calm, brief = fresh_words(effects_of(Mode.WHOLE)), fresh_words(effects_of(Mode.BRIEF))
    assert set(calm.values()) - {IN_BRIEF[1]}
    assert brief == calm


class Asked(Behaviour):
    """A voice that counts the rows it is asked about."""

    rows = 0

    def weights(self, looked: Looked, which: Which = ALL) -> Floats:
        found = super().weights(looked, which)
        Asked.rows += len(found)
        return found


def test_the_model_is_asked_less(monkeypatch):
    """With FEW it sees only rows of people of whom something was said, and no rule is heard less for it."""
    files = synthetic_rules() | files_of(small_artefact())
    rare = book_of({p: t for p, t in files.items() if not p.startswith("tags/") or "decisive" in p} | POLICIES)
    monkeypatch.setattr(rare.generation.behaviour, "__class__", Asked)
    asked, said = [], []
    for mode in (Mode.WHOLE, Mode.FEW):
        Asked.rows = 0
        said.append({(h.id, h.token, h.ts_ms) for one in effects_of(mode, rare) for h in one.hits if h.id != "behaviour"})
        asked.append(Asked.rows)
    assert asked[1] < asked[0]
    assert said[1] == said[0]
