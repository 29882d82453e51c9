"""The `back_offices:` block of a town: how each is reached, what is read from it and what is written into it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from hub.cities.faults import fault_at
from hub.cities.push import Push
from hub.cities.values import ClockTime, Slug, Strict
from hub.kernel.text import LocalisedText
from hub.kit.durations import Duration


class Refresh(Strict):
    """When a feed is read without being asked: `{every: 15m}` or `{daily: "03:30"}` in the town's time zone."""

    every: Duration | None = None
    daily: ClockTime | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.every is None) == (self.daily is None):
            raise ValueError('write either every (15m, 2h) or daily ("03:30")')
        return self


class Feed(Strict):
    """One kind of record read from a back office."""

    mapping: str | None = Field(default=None, description="file in the mapping folder; absent where only pushed")
    refresh: Refresh | None = Field(default=None, description="absent: read when asked for, or only pushed")
    max_age: Duration = Field(description="a duration such as 1h; what is older is shown as stale")


DeliveryKind = Literal["open_case", "answer_case", "problem_report", "contact_change", "post_payment"]
"""What citizens cause in a back office. A change of contact details goes to every back office that takes it, a payment
to the one that its obligation is from, the others to one."""
SEVERAL_TAKE = frozenset({"contact_change", "post_payment"})


class BackOffice(Strict):
    """One configured system of the city. `settings` are the connector's own and checked by it."""

    name: LocalisedText
    connector: str | None = Field(default=None, description="folder in connectors/; absent where it only pushes")
    mapping: str = Field(description="folder in mappings/")
    payee: str | None = None
    department: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    feeds: dict[Slug, Feed]
    push: Push | None = None
    deliveries: dict[DeliveryKind, str] = Field(
        default_factory=dict, description="what is written into it → file in the mapping folder that says how"
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        for name, feed in self.feeds.items():
            if feed.mapping is None and feed.refresh is not None:
                raise fault_at(
                    "there is a refresh but no mapping to read by", "feeds", name, "refresh", remedy="Add mapping."
                )
            if feed.mapping is not None and self.connector is None:
                raise fault_at(
                    f"this key is needed, since the feed {name} is read by a mapping",
                    "connector",
                    remedy="Add it, or remove the feed's mapping if it is only pushed.",
                )
        return self

    @model_validator(mode="after")
    def _can_be_written_to(self) -> Self:
        if self.deliveries and self.connector is None:
            raise fault_at(
                "this key is needed, since deliveries are made by it",
                "connector",
                remedy="Add it, or remove deliveries.",
            )
        return self

    @model_validator(mode="after")
    def _known_feeds(self) -> Self:
        for key, feed in self.push.feeds() if self.push else ():
            if feed not in self.feeds:
                raise fault_at(
                    f"there is no feed {feed!r} here",
                    *("push", *key),
                    remedy=f"Use one of: {', '.join(self.feeds)}.",
                )
        return self
