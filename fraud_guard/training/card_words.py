"""The words of the cards: purpose, sources, limits, command of each model."""

from __future__ import annotations

TITLE = {
    "text": "Text model", "hosts": "Host model", "behaviour": "Behaviour model",
}  # fmt: skip

PURPOSE = {
    "text": "P(scam) and scam type of one message, at the door. Evidence about the person who received it, to be added "
    "to other evidence; it blocks nothing and says nothing about its sender. Hashed character 1–3-grams and 2–3-grams "
    "of sounds (toneless pinyin), a linear model for scam or not and a softmax for the type; digits, punctuation, "
    "symbols, width and script variant are folded away, a link is one letter.",
    "hosts": "P(scam) of a host name that is on no list, from its spelling alone, with reasons. It says how a name "
    "looks, not what the site does. Hashed character n-grams, the public suffix and numbers that can be explained.",
    "behaviour": "P(a person is inside a scam now) and the scam type, from the feature vector. LightGBM trees, "
    "calibrated on cities that the trees did not see.",
}

SOURCES = {
    "text": (
        (
            "FBS, real texts of fake base stations: Y. Zhang et al., Lies in the Air: Characterizing Fake-base-station "
            "Spam Ecosystem in China, CCS '20, 10.1145/3372297.3417257, github.com/Cypher-Z/FBS_SMS_Dataset. Grade B: "
            "public, to be cited, no formal licence; weights only. Fraud = scam, adverts and other = benign; unlawful and "
            "loan adverts left out; placeholders removed."
        ),
        (
            "NUS SMS corpus, Chinese part, real personal messages, all benign: T. Chen, M.-Y. Kan, Creating a live, public "
            "short message service corpus, Language Resources and Evaluation 47(2), 2013. Grade B: free for all "
            "communities to use, cite; weights only."
        ),
        (
            "TeleAntiFraud-28k, synthetic phone dialogues, the caller's words: Z. Ma et al., ACM MM 2025, 5853–5862, "
            "JimmyMa99/TeleAntiFraud. Grade A: Apache-2.0."
        ),
        (
            "UCI SMS Spam Collection, English: T. Almeida, J. M. Gómez Hidalgo, A. Yamakami, DocEng '11. Grade A−: free "
            "for all purposes. Spam = scam at a small weight."
        ),
        (
            "Own hand-written wording (`datasets/wording`, Apache-2.0): genuine service texts, chat, and texts of every "
            "scam type, and phrases typical of each type (`training/tables/type_phrases.csv`)."
        ),
        "Sounds of characters: pypinyin (MIT), as a table. Traditional to simplified: OpenCC (Apache-2.0).",
    ),
    "hosts": (
        "Scam domains 2020–2024: polkadot-js/phishing, meta/. Grade A: Apache-2.0. Mostly crypto and wallets, English.",
        (
            "Benign domains: opendns/public-domain-lists (public domain); felixonmars/dnsmasq-china-list (WTFPL) cut with "
            "zer0h/top-1000000-domains. Grade A."
        ),
        (
            "Made here from the above and by hand: `www.` and ordinary sub-domains of benign sites, benign names under "
            "young suffixes and free hosting (benign); brand names with additions and slips (scam)."
        ),
    ),
    "behaviour": ("Simulated cities (`fraud-guard simulate`), synthetic. No real person's behaviour.",),
}

LIMITS = {
    "text": (
        (
            "A new source is much harder than new rows of a known one: read `cross source` before `by fold`. Behind each "
            "number of own wording stand texts written to be hard: genuine notices that warn of scams, chat about money."
        ),
        "One text out of a long, slow approach looks like ordinary chat, and is scored so. The sequence decides.",
        "Other languages than Chinese and English are not covered; English recall is low on purpose.",
        "It was not checked for dialects, nor by age or place of the sender; nothing personal is an input.",
        "A sender who tries many wordings will find one that passes.",
    ),
    "hosts": (
        "Learned from crypto phishing and old benign sites; brand names of China are covered by hand-made patterns.",
        "Recall falls half-year by half-year (`next half-years`): train again with new lists.",
        "Any young honest site under a cheap suffix or on free hosting looks more like a scam than it is.",
        "A hacked honest site looks honest.",
    ),
    "behaviour": (
        "Learned from a simulator: what the simulator does not know, it does not know either.",
        "Probabilities hold for the share of episodes in training; fusion moves them to the live share.",
    ),
}

COMMAND = {
    "text": "fraud-guard models train text --data DIR --version {0} --seed {1}",
    "hosts": "fraud-guard models train hosts --data DIR --version {0} --seed {1}",
    "behaviour": "fraud-guard models train behaviour --data DIR --version {0} --seed {1}",
}
