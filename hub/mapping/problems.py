"""What is said where a request cannot be built from a record, or a receipt not read from a reply."""

from __future__ import annotations

from collections.abc import Sequence

from hub.kernel.errors import InvalidRequest
from hub.mapping.group import Complaint


class MappingProblem(InvalidRequest):
    """A record that cannot be written, or a reply that cannot be read, with everything wrong with it.

    Of a request, a complaint's `field` is the place in our record (`documents[1].name`) and its `path` the place in
    what is sent (`Prilozi.Prilog[1].Naziv`). Of a receipt, `field` is the receipt's name and `path` the place in the
    reply. `field` of the problem itself is that of the first complaint. The text quotes no value.
    """

    code = "unmappable"

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        first = complaints[0]
        more = f" ({len(complaints) - 1} more)" if len(complaints) > 1 else ""
        super().__init__(f"{first.field} ({first.path}) {first.reason}{more}", field=first.field)
        self.complaints = tuple(complaints)
