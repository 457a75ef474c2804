"""The persistent index of fingerprints: add, query, delete, merge, compact.

Records in SQLite are the truth; postings are made from them, on disk for what was there at the last compaction and in
memory for what came since. A kill at any moment loses nothing that `add` has returned from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Self

import msgspec
import numpy as np

from apk_analysis.code.facts import no_hashes
from apk_analysis.code.hash_sets import in_sorted
from apk_analysis.code.mixing import Hashes
from apk_analysis.reskin import postings
from apk_analysis.reskin.channels import VOTES, keys_of
from apk_analysis.reskin.compare import SURE, Likeness, compare_own, own
from apk_analysis.reskin.fingerprint import Fingerprint, decode, encode
from apk_analysis.reskin.postings import Apps, Segment
from apk_analysis.reskin.records import NewRow, Records, Row
from apk_analysis.reskin.relation import Relation, differences, in_words, relation_of

CANDIDATES = 12
LEAST_VOTES, LEAST_SHARE = 3.0, 0.1
"""What a candidate needs: so many votes, and so large a part of those of the best."""
AT_ONCE = 4_096
FEW = 400
LEAST_OWNERS, MOST_OWNERS, OWNERS_SHARE = 5, 64, 0.002


class Match(msgspec.Struct, frozen=True):
    """An app of the index that is like the one asked for."""

    sha256: str
    family: str
    label: str
    relation: Relation
    likeness: Likeness
    differs: tuple[str, ...]
    same: tuple[str, ...]
    zh: str
    en: str
    fingerprint: Fingerprint


class Index:
    """An index in a folder; one process writes at a time, any number may read. Raises StoreDamaged for a damaged one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._records = folder, Records(folder)
        self._segments: list[Segment] = []
        self._last, self._learned = 0, -1
        self._library = no_hashes()
        self._owner, self._alive = np.zeros(1, np.uint32), np.zeros(1, np.bool_)
        self._load()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._records.close()

    def __len__(self) -> int:
        return int(self._alive.sum())

    def add(self, fingerprint: Fingerprint, family: str = "", label: str = "") -> str:
        """Add or replace an app; returns its family: the given one, where an analyst has put it, that of the app it is made from, or a new one."""
        if not family and (known := self._records.find(fingerprint.sha256)) and known.set_by == "analyst":
            family, label = known.family, label or known.label
        set_by = "analyst" if family else "machine"
        relative, owner = self._relative(fingerprint)
        if not family:
            family = relative.family if relative else f"family-{fingerprint.sha256[:12]}"
            label = label or (relative.label if relative and relative.label == "scam" else "")
        if label == "scam" or not owner:
            owner = owner_of(fingerprint, family, label)
        self._put([(fingerprint.sha256, family, label, owner, set_by, encode(fingerprint))])
        return family

    def add_many(self, apps: Iterable[tuple[Fingerprint, str, str]]) -> None:
        """(fingerprint, family, label) of many apps at once, their families known; no relatives are looked for."""
        self._put((f.sha256, family, label, owner_of(f, family, label), "analyst", encode(f)) for f, family, label in apps)

    def query(self, fingerprint: Fingerprint, most: int = 5) -> tuple[Match, ...]:
        """Apps that are like it, the likest first; unrelated ones are left out, and so is the app itself."""
        return self.ask(fingerprint, most)[0]

    def wearing(self, fingerprint: Fingerprint) -> tuple[Match, ...]:
        """Genuine apps whose name and icon it wears."""
        return self.ask(fingerprint)[1]

    def ask(self, fingerprint: Fingerprint, most: int = 5) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
        """What `query` and `wearing` give, each candidate compared once."""
        library = self._known_library()
        rows = [row for row in self._candidates(fingerprint, library) if row.sha256 != fingerprint.sha256]
        bare = own(fingerprint, library)
        found = [one for row in rows if (one := _match(fingerprint, bare, row, library)) is not None]
        related = [one for one in found if one.relation != "unrelated"]
        worn = tuple(one for one in found if one.label == "good" and one.likeness.worn)
        return tuple(sorted(related, key=lambda one: (-one.likeness.probability, one.sha256))[:most]), worn

    def get(self, sha256: str) -> Fingerprint | None:
        """The fingerprint of this app."""
        row = self._records.find(sha256)
        return decode(row.print) if row else None

    def library(self) -> Hashes:
        """Keys that so many makers have that they tell nothing, sorted."""
        return self._known_library()

    def delete(self, sha256: str) -> bool:
        """Forget an app; whether there was one."""
        number = self._records.drop(sha256)
        if number:
            self._forget(number)
        return bool(number)

    def merge(self, other: Index) -> int:
        """Take over all apps of `other` that are not here; returns how many."""
        rows = [row for row in other._records.all() if self._records.find(row.sha256) is None]
        prints = [(decode(row.print), row) for row in rows]
        self._put((row.sha256, row.family, row.label, owner_of(f, row.family, row.label), row.set_by, row.print) for f, row in prints)
        return len(rows)

    def compact(self) -> None:
        """All postings into one segment on disk, without deleted apps; and learn the library anew."""
        whole = postings.merged([*self._segments, postings.segment_of([])])
        gone = np.flatnonzero(~self._alive[: self._last + 1]).astype(np.uint32)
        whole = postings.without(whole, gone)
        whole = Segment(whole.keys, whole.apps, len(self))
        name = f"{self._last}-{len(whole.keys)}"
        postings.write(whole, self._folder, name)
        self._segments = [whole]
        self._learn()
        postings.save(self._folder / f"{name}.library.npy", self._library)
        self._records.set_segment(name, self._last, len(self))
        for path in [*self._folder.glob("*.npy"), *self._folder.glob("*.new")]:
            if not path.name.startswith(f"{name}."):
                path.unlink()
        self._segments = [postings.read(self._folder, name, len(self))]

    def close(self) -> None:
        """Close the files."""
        self._records.close()

    # --- families ----------------------------------------------------------------------------

    def families(self) -> list[tuple[str, str, int]]:
        """(family, label, apps), the largest first."""
        return self._records.families()

    def split(self, sha256s: Sequence[str], family: str) -> int:
        """An analyst takes apps out into a family of their own; no machine joins them again. Returns how many."""
        rows = [row for sha in sha256s if (row := self._records.find(sha))]
        self._move(rows, family, "split")
        return len(rows)

    def join(self, family: str, into: str) -> int:
        """An analyst says that two families are one. Returns how many apps moved."""
        rows = self._records.members(family)
        self._move(rows, into, f"join {family}")
        return len(rows)

    def _move(self, rows: Sequence[Row], family: str, why: str) -> None:
        target = self._records.members(family)
        moves = []
        for row in rows:
            label = target[0].label if target else row.label
            moves.append((family, label, owner_of(decode(row.print), family, label), "analyst", row.sha256))
        self._records.move(f"{why} into {family}: {len(rows)} apps", moves)
        self._load()

    def _relative(self, fingerprint: Fingerprint) -> tuple[Row | None, int]:
        """The app that it is surely of the same code as, and who it counts as: the owner of that, or of another app by the same signer."""
        library, owner = self._known_library(), 0
        best, relative, bare = SURE, None, own(fingerprint, library)
        for row in self._candidates(fingerprint, library):
            likeness = compare_own(bare, own(decode(row.print), library))
            if likeness.same_signer and not owner:
                owner = int(self._owner[row.id])
            if likeness.probability >= best and likeness.app_id >= 0:
                best, relative = likeness.probability, row
        return relative, int(self._owner[relative.id]) if relative else owner

    def _put(self, rows: Iterable[NewRow]) -> None:
        for number in self._records.put(rows):
            self._forget(number)
        self._catch_up()

    def _forget(self, number: int) -> None:
        self._alive[number], self._owner[number], self._learned = False, postings.NOBODY, -1

    # --- postings ----------------------------------------------------------------------------

    def _load(self) -> None:
        self._segments, self._last, self._learned, self._library = [], 0, -1, no_hashes()
        self._owner, self._alive = np.zeros(1, np.uint32), np.zeros(1, np.bool_)
        owners = self._records.owners()
        self._grow(owners[-1][0] + 1 if owners else 1)
        for number, owner in owners:
            self._owner[number], self._alive[number] = owner, True
        for name, last, count in self._records.segments():
            with suppress(OSError, ValueError, EOFError):   # gone or damaged: everything is made anew from the records
                segment, library = postings.read(self._folder, name, count), np.load(self._folder / f"{name}.library.npy", allow_pickle=False)
                self._segments.append(segment)
                self._grow(last + 1)     # the newest apps of it may have been deleted
                self._library, self._learned, self._last = library, count, last
        self._catch_up()

    def _catch_up(self) -> None:
        """Postings of the apps that were added since the last look."""
        rows = self._records.after(self._last)
        while fresh := [(number, owner, decode(data)) for number, owner, data in islice(rows, AT_ONCE)]:
            self._last = fresh[-1][0]
            self._grow(self._last + 1)
            for number, owner, _ in fresh:
                self._owner[number], self._alive[number] = owner, True
            self._segments.append(postings.segment_of([(number, keys_of(one).values) for number, _, one in fresh]))
            while len(self._segments) > 1 and 2 * self._segments[-1].count >= self._segments[-2].count:
                self._segments[-2:] = [postings.merged(self._segments[-2:])]

    def _grow(self, size: int) -> None:
        if size > len(self._alive):
            more = max(size, 2 * len(self._alive)) - len(self._alive)
            self._owner, self._alive = np.append(self._owner, np.zeros(more, np.uint32)), np.append(self._alive, np.zeros(more, np.bool_))

    def _known_library(self) -> Hashes:
        """Learned again when the index has grown by a tenth; while it is small, at every change."""
        self._catch_up()
        if self._learned < 0 or len(self) > 1.1 * self._learned or (len(self) < FEW and len(self) != self._learned):
            self._learn()
        return self._library

    def _learn(self) -> None:
        owners = len(np.unique(self._owner[self._alive]))
        least = int(np.clip(OWNERS_SHARE * owners, LEAST_OWNERS, MOST_OWNERS))
        self._library = postings.common_keys(self._segments, self._owner, least)
        self._learned = len(self)

    def _candidates(self, fingerprint: Fingerprint, library: Hashes) -> list[Row]:
        keys = keys_of(fingerprint)
        tells = ~in_sorted(library, keys.values)
        values, votes = keys.values[tells], VOTES[keys.kinds[tells]]
        found = [segment.find(values) for segment in self._segments]
        which: Apps = np.concatenate([w for w, _ in found]) if found else np.empty(0, np.intp)
        apps = np.concatenate([a for _, a in found]) if found else np.empty(0, np.uint32)
        here = self._alive[apps]
        numbers, places = np.unique(apps[here], return_inverse=True)
        scores = np.bincount(places, votes[which[here]], len(numbers))
        least = max(LEAST_VOTES, LEAST_SHARE * float(scores.max(initial=0.0)))
        best = [i for i in np.argsort(-scores, kind="stable")[:CANDIDATES] if scores[i] >= least]
        return self._records.get([int(numbers[i]) for i in best]) if best else []


def _match(fingerprint: Fingerprint, bare: Fingerprint, row: Row, library: Hashes) -> Match | None:
    """What it is to this app; None when it is not related and does not wear its name and icon. `bare`: without the library."""
    other = decode(row.print)
    likeness = compare_own(bare, own(other, library))
    relation = relation_of(likeness, row.label)
    if relation == "unrelated" and not likeness.worn:
        return None
    differs, same = differences(fingerprint, other, likeness)
    return Match(row.sha256, row.family, row.label, relation, likeness, differs, same, *in_words(fingerprint, likeness, relation, differs), other)


def owner_of(fingerprint: Fingerprint, family: str, label: str) -> int:
    """32 bits for who an app counts as when makers of a piece of code are counted: a scam family is one maker, whatever keys it signs with."""
    name = f"family {family}" if label == "scam" and family else (fingerprint.signers or (fingerprint.sha256,))[0]
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4], "little")
