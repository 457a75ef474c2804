"""Whom a subject knows, in plain Python: small Bloom filters that forget, as `memory/sketch.py` documents them."""

from __future__ import annotations

from dataclasses import dataclass, field

KEYS_A_WORD = 8


@dataclass
class Sketch:
    """Generations of words of 64 bits, the newest first, and how many keys the newest took."""

    generations: int
    words: int
    size: int = 0
    bits: list[dict[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bits = self.bits or [{} for _ in range(self.generations)]

    def holds(self, key: int) -> list[bool]:
        """Whether each generation holds the key, the newest first."""
        word, mask = self._place(key)
        return [some.get(word, 0) & mask == mask for some in self.bits]

    def add(self, key: int) -> None:
        """Put a key into the newest generation; a full one becomes the old one first."""
        if self.size >= KEYS_A_WORD * self.words:
            self.bits = [{}, *self.bits[:-1]]
            self.size = 0
        word, mask = self._place(key)
        self.bits[0][word] = self.bits[0].get(word, 0) | mask
        self.size += 1

    def _place(self, key: int) -> tuple[int, int]:
        return (key >> 28) % self.words, 1 << (key >> 16) % 64 | 1 << (key >> 22) % 64


@dataclass
class Contacts:
    """Peers known, peers met once, hosts used of late."""

    peers: Sketch = field(default_factory=lambda: Sketch(2, 3))
    met: Sketch = field(default_factory=lambda: Sketch(1, 1))
    hosts: Sketch = field(default_factory=lambda: Sketch(2, 2))

    def meet(self, peer: int, *, is_contact: bool, trusted: bool) -> bool:
        """Learn from a contact (or a later phase of one); returns whether the peer was known before."""
        newest, old = self.peers.holds(peer)
        known = newest or old
        met = known or (is_contact and self.met.holds(peer)[0])
        if (is_contact and met) or trusted:
            if not newest:
                self.peers.add(peer)
        elif is_contact and not met:
            self.met.add(peer)
        return known

    def visit(self, host: int) -> bool:
        """Learn a host; returns whether it was known before."""
        newest, old = self.hosts.holds(host)
        if not newest:
            self.hosts.add(host)
        return newest or old
