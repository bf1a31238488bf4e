"""Votes that anyone can recount although nobody sees a ballot: every ballot is a sealed number, and sealed numbers add up.

A ballot seals, for each choice, the area and the head it gives to that choice (all of it to one, nothing to the others):
`A^area * B^heads * H^blind mod P` (Pedersen). The product of all seals of a choice is the seal of its tally, so the tally is
published with the sum of the blinds, and whoever multiplies sees that it is right. The three seals of one ballot multiply to the
seal of its whole area and one head: no ballot weighs more than its owner has. A voter holds the secret his blinds are made
from, and sees that his own seals are among the published ones. Standard library only: this file alone is enough to recount.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

SCHEME = "pedersen-modp2048-v1"
CHOICES = ("for", "against", "abstain")

# RFC 3526, group 14: P and (P-1)/2 are prime.
P = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)


def _base(name: str) -> int:
    """A square nobody knows the logarithm of: it is a hash of its name."""
    return pow(int.from_bytes(hashlib.shake_256(f"yikou {SCHEME} {name}".encode()).digest(256)), 2, P)


A, B, H = _base("area"), _base("heads"), _base("blind")


def cents(area: Decimal | str) -> int:
    """Area in hundredths of a square metre: what is sealed is a whole number."""
    whole = Decimal(area) * 100
    if whole != int(whole) or whole < 0:
        raise ValueError(f"{area} is no area exact to 0.01")
    return int(whole)


def seal(area: int, heads: int, blind: int) -> int:
    return pow(A, area, P) * pow(B, heads, P) * pow(H, blind, P) % P


def blind(secret: str, vote: str, voter: str, choice: str) -> int:
    """512 bits that only the holder of the secret can make again."""
    return int.from_bytes(hashlib.shake_256("|".join((secret, vote, voter, choice)).encode()).digest(64))


def ballot(
    secret: str, vote: str, voter: str, area: int, chosen: str
) -> tuple[dict[str, str], dict[str, int]]:
    """The seals of a ballot, and its blinds."""
    blinds = {choice: blind(secret, vote, voter, choice) for choice in CHOICES}
    seals = {
        choice: f"{seal(area if choice == chosen else 0, int(choice == chosen), blinds[choice]):x}"
        for choice in CHOICES
    }
    return seals, blinds


def digest(document: Mapping[str, Any]) -> str:
    plain = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def decide(
    rule: Mapping[str, Any], roll: tuple[int, int], took_part: tuple[int, int], agreed: tuple[int, int]
) -> str:
    """passed, rejected, or not-valid; each pair is (area, heads), each share exact, area and heads both."""
    pairs = list(zip(roll, took_part, agreed, strict=True))
    if rule["majority"] == "unanimous":
        return "passed" if all(whole == yes > 0 for whole, _, yes in pairs) else "rejected"
    quorum, share = Fraction(rule["quorum"]), Fraction(rule["share"])
    if not all(there > 0 and there >= quorum * whole for whole, there, _ in pairs):
        return "not-valid"
    enough = (yes > share * there if rule["more_than"] else yes >= share * there for _, there, yes in pairs)
    return "passed" if all(enough) else "rejected"


def check(document: Mapping[str, Any]) -> list[str]:
    """Recounts a published vote; what does not agree, in words. Nothing: the result is right."""
    if document.get("scheme") != SCHEME:
        return [f"unknown scheme {document.get('scheme')!r}"]
    ballots, tally, faults = document["ballots"], document["tally"], []
    voters = [one["voter"] for one in ballots]
    if len(set(voters)) != len(voters):
        faults.append("a voter is there twice")
    for one in ballots:
        whole = seal(cents(one["area"]), 1, int(one["blind"], 16))
        if _product(one["seals"][choice] for choice in CHOICES) != whole:
            faults.append(f"ballot {one['voter']} does not weigh one head and {one['area']} m²")
        if "choice" in one and not _opens(document["vote"], one, one["choice"], one["secret"]):
            faults.append(f"ballot {one['voter']} is not {one['choice']}")
    for choice in CHOICES:
        told = tally[choice]
        opened = seal(cents(told["area"]), told["heads"], int(told["blind"], 16))
        if _product(one["seals"][choice] for one in ballots) != opened:
            faults.append(f"the ballots do not add up to {told['area']} m² and {told['heads']} {choice}")
    took_part = (sum(cents(one["area"]) for one in ballots), len(ballots))
    roll = (cents(document["roll"]["area"]), document["roll"]["heads"])
    if any(there > whole for there, whole in zip(took_part, roll, strict=True)):
        faults.append("more took part than are on the roll")
    agreed = (cents(tally["for"]["area"]), tally["for"]["heads"])
    outcome = decide(document["rule"], roll, took_part, agreed)
    if outcome != document["outcome"]:
        faults.append(f"the outcome is {outcome}, not {document['outcome']}")
    return faults


def holds(document: Mapping[str, Any], receipt: Mapping[str, Any]) -> bool:
    """Whether the ballot of a receipt is among the published ones, as it was cast."""
    mine = next((one for one in document["ballots"] if one["voter"] == receipt["voter"]), None)
    return mine is not None and _opens(document["vote"], mine, receipt["choice"], receipt["secret"])


def _opens(vote: str, one: Mapping[str, Any], choice: str, secret: str) -> bool:
    seals, _ = ballot(secret, vote, one["voter"], cents(one["area"]), choice)
    return all(seals[name] == one["seals"][name] for name in CHOICES)


def _product(seals: Iterable[str]) -> int:
    product = 1
    for one in seals:
        product = product * int(one, 16) % P
    return product
