"""Claims and beats in memory: all of `parvis.bus.leases_steps.Records`, for tests of very many orders."""

from __future__ import annotations

from dataclasses import dataclass, field

from parvis.bus.leases_steps import Beat, Claim


@dataclass
class MemoryRecords:
    """Shared by all who would be processes."""

    claims: dict[str, dict[int, Claim]] = field(default_factory=dict)
    kept: dict[str, Beat] = field(default_factory=dict)

    def epochs(self, name: str) -> list[int]:
        return list(self.claims.get(name, ()))

    def claim(self, name: str, epoch: int) -> Claim | None:
        return self.claims.get(name, {}).get(epoch)

    def add_claim(self, name: str, epoch: int, claim: Claim) -> bool:
        claims = self.claims.setdefault(name, {})
        return claims.setdefault(epoch, claim) is claim

    def replace_claim(self, name: str, epoch: int, claim: Claim) -> None:
        self.claims.setdefault(name, {})[epoch] = claim

    def remove_claim(self, name: str, epoch: int) -> None:
        self.claims.get(name, {}).pop(epoch, None)

    def remove_name(self, name: str) -> None:
        if not self.claims.get(name):
            self.claims.pop(name, None)

    def beats(self) -> list[str]:
        return list(self.kept)

    def beat(self, beat: str) -> Beat | None:
        return self.kept.get(beat)

    def put_beat(self, beat: str, value: Beat) -> None:
        self.kept[beat] = value

    def remove_beat(self, beat: str) -> None:
        self.kept.pop(beat, None)
