"""What the text and host models say at the door: bytes and flags of a row, and the wording that a flagged text has.

A score is the weight of evidence: log-odds less those of the model's own prior, so 0 says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.door.hosts import Host
from fraud_guard.learned.active import active_version, load_artefact
from fraud_guard.learned.host_features import HostName
from fraud_guard.learned.host_model import HostModel, HostSpec
from fraud_guard.learned.odds import logit
from fraud_guard.learned.text_model import TextModel, TextSpec
from fraud_guard.tags.kinds import Flag, Lure
from fraud_guard.tags.quantised import NO_SCORE, to_codes

_UNJUDGED = np.uint32(Flag.TOP_HOST | Flag.SHORT_LINK)
"""Hosts whose spelling says nothing about the page."""
LEAST_TYPE_SHARE = 0.5
LURE_OF_TYPE = {
    "bank_impersonation": Lure.BANK, "boss_acquaintance": Lure.BOSS, "brushing_rebate": Lure.BRUSHING,
    "dating_romance": Lure.DATING, "fake_credit_record": Lure.CREDIT_RECORD, "fake_customer_service": Lure.CUSTOMER_SERVICE,
    "fake_investment": Lure.INVESTMENT, "fake_loan": Lure.LOAN, "fake_police": Lure.POLICE, "fake_relative": Lure.RELATIVE,
    "fake_shopping": Lure.SHOPPING, "game_goods": Lure.GAME, "identity_theft": Lure.IDENTITY, "illicit_web": Lure.ILLICIT,
    "military_purchase": Lure.MILITARY, "nude_chat_extortion": Lure.EXTORTION, "offline_cash_pickup": Lure.CASH_PICKUP,
    "parcel_customs": Lure.PARCEL, "phishing": Lure.PHISHING, "pig_butchering": Lure.ROMANCE, "prize_winning": Lure.PRIZE,
    "re_victimisation": Lure.RECOVERY, "virtual_kidnapping": Lure.KIDNAPPING,
}  # fmt: skip
"""The wording of each scam type of the text model."""


class TextOpinion(NamedTuple):
    """`score`: byte of `tags.quantised`; `flags`: SCAM_TEXT or 0; `lure`: of its likely type, 0 where none stands out."""

    score: int
    flags: int
    lure: int


class HostOpinion(NamedTuple):
    """`score`: byte of `tags.quantised`, 0 where spelling says nothing; `flags`: SCAM_HOST or 0."""

    score: int
    flags: int


_NO_TEXT, _NO_HOST = TextOpinion(NO_SCORE, 0, 0), HostOpinion(NO_SCORE, 0)


class Opinions(NamedTuple):
    """The models of a door; None where there is none."""

    text: TextModel | None = None
    hosts: HostModel | None = None

    def of_texts(self, texts: Sequence[str]) -> list[TextOpinion]:
        """What the text model says of each text."""
        model = self.text
        if model is None:
            return [_NO_TEXT] * len(texts)
        scores = model.score(texts)
        codes, flags = _said(scores.log_odds, model.spec, Flag.SCAM_TEXT)
        best, share = scores.types.argmax(axis=1).tolist(), scores.types.max(axis=1).tolist()
        lures = [LURE_OF_TYPE.get(model.classes[k], 0) if p >= LEAST_TYPE_SHARE else 0 for k, p in zip(best, share, strict=True)]
        found = map(TextOpinion, codes, flags, map(int, lures))
        return [one if text else _NO_TEXT for one, text in zip(found, texts, strict=True)]

    def of_hosts(self, hosts: Sequence[Host]) -> list[HostOpinion]:
        """What the host model says of each host."""
        model = self.hosts
        if model is None:
            return [_NO_HOST] * len(hosts)
        judged = [i for i, host in enumerate(hosts) if host.host and not host.flags & _UNJUDGED]
        scores = model.score([name_of(hosts[i]) for i in judged], reasons=False)
        codes, flags = _said(scores.log_odds, model.spec, Flag.SCAM_HOST)
        found = [_NO_HOST] * len(hosts)
        for i, code, flag in zip(judged, codes, flags, strict=True):
            found[i] = HostOpinion(code, flag)
        return found


NO_OPINIONS = Opinions()


@lru_cache(maxsize=1)
def shipped_opinions() -> Opinions:
    """The versions that `models/active.json` names. Raises IntegrityError when one is not sound."""
    text = TextModel(load_artefact("text")) if active_version("text") else None
    return Opinions(text, HostModel(load_artefact("hosts")) if active_version("hosts") else None)


def name_of(host: Host) -> HostName:
    """A reduced host as the host model takes it."""
    return HostName(host.host, host.registrable, bool(host.flags & Flag.LOOKALIKE), bool(host.flags & Flag.TOP_HOST))


def _said(log_odds: npt.NDArray[np.float64], spec: TextSpec | HostSpec, flag: Flag) -> tuple[list[int], list[int]]:
    """The bytes of scores, and `flag` where the model is sure."""
    codes = to_codes(log_odds - logit(spec.prior))
    return codes.tolist(), np.where(log_odds > spec.flag_above, int(flag), 0).tolist()
