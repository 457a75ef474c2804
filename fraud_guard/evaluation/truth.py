"""What really happened in a labelled city: its size, the episodes of scams, the innocent look-alikes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from fraud_guard.evaluation.reading import main_type, numbered, parse, refuse

Outcome = Literal["loss", "aborted", "ignored"]
REMEDY = "give the truth.ndjson of the city, as `simulate` writes it"
Ms = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class City(msgspec.Struct, frozen=True):
    """The first line: how large, how long, how many tags. `tags` None: false alerts per tag are not told.

    How it was made (seed, prior, drift, evasion, variety) is shown, and tells two cities apart; nothing is computed from it.
    """

    people: Annotated[int, msgspec.Meta(ge=1)]
    days: Annotated[float, msgspec.Meta(gt=0)]
    v: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    tags: Annotated[int, msgspec.Meta(ge=0)] | None = None
    seed: Any = None
    prior: Any = None
    start_ms: Ms | None = None
    end_ms: Ms | None = None
    drift: Any = None
    evasion: Any = None
    variety: Any = None

    @property
    def person_days(self) -> float:
        """People × days."""
        return self.people * self.days


class Episode(msgspec.Struct, frozen=True):
    """One scam against one person; times in epoch milliseconds.

    `t_point_of_no_return_ms` is that of the loss. `slow`: over weeks.
    """

    episode_id: str
    subject: str
    scam_type: str
    t_first_ms: Ms
    t_last_ms: Ms
    outcome: Outcome
    t_point_of_no_return_ms: Ms | None = None
    loss_cny: float = 0
    slow: bool = False

    @property
    def main_type(self) -> str:
        """Its type; a variant counts as the type."""
        return main_type(self.scam_type)


class Lookalike(msgspec.Struct, frozen=True):
    """A span of innocent life that looks like a scam; `what` names its kind."""

    what: str
    subject: str
    t_first_ms: Ms
    t_last_ms: Ms


class Truth(msgspec.Struct, frozen=True):
    """A city with everything that happened in it, in file order."""

    city: City
    episodes: tuple[Episode, ...] = ()
    lookalikes: tuple[Lookalike, ...] = ()

    @property
    def fingerprint(self) -> str:
        """16 hex digits that two runs on the same truth share."""
        return sha256(
            msgspec.json.encode([self.city, sorted(self.episodes, key=lambda e: e.episode_id)])
        ).hexdigest()[:16]


Span = TypeVar("Span", Episode, Lookalike)


class _Line(msgspec.Struct, frozen=True):
    kind: str


_KIND = msgspec.json.Decoder(_Line)
_CITY = msgspec.json.Decoder(City)
_EPISODE = msgspec.json.Decoder(Episode)
_LOOKALIKE = msgspec.json.Decoder(Lookalike)


def read_truth(lines: Iterable[bytes], name: str, spelling: Callable[[str], str] = str) -> Truth:
    """The truth of a city from NDJSON; unknown kinds and fields are passed over.

    `spelling` brings a subject into the form that alerts use. Raises ConfigurationError naming
    `name`, line and remedy.
    """
    city: City | None = None
    episodes: dict[str, Episode] = {}
    lookalikes: list[Lookalike] = []
    for n, line in numbered(lines):
        kind = parse(_KIND, line, name, n, REMEDY).kind
        if (city is None) != (kind == "city"):
            refuse(name, n, f"a line of kind {kind!r} here", "begin the file with its one line of kind city")
        if kind == "city":
            city = parse(_CITY, line, name, n, REMEDY)
        elif kind == "episode":
            episode = _checked(parse(_EPISODE, line, name, n, REMEDY), name, n, spelling)
            if episodes.setdefault(episode.episode_id, episode) is not episode:
                refuse(name, n, f"episode_id {episode.episode_id!r} again", "give every episode its own id")
        elif kind == "lookalike":
            lookalikes.append(_checked(parse(_LOOKALIKE, line, name, n, REMEDY), name, n, spelling))
    if city is None:
        refuse(name, 1, "the file is empty", REMEDY)
    return Truth(city, tuple(episodes.values()), tuple(lookalikes))


def _checked(span: Span, name: str, n: int, spelling: Callable[[str], str]) -> Span:
    if span.t_last_ms < span.t_first_ms:
        refuse(name, n, "t_last_ms lies before t_first_ms", "give the span in order of time")
    return msgspec.structs.replace(span, subject=spelling(span.subject))
