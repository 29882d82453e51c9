"""The nouns that records of back offices become."""

from __future__ import annotations

from collections.abc import Mapping

from hub.cases.projection import CaseProjection
from hub.obligations.projection import ObligationProjection
from hub.ports.projection import Projection
from hub.subjects.service import SubjectProjection

PROJECTIONS: Mapping[str, Projection] = {
    one.target.name: one for one in (ObligationProjection(), CaseProjection(), SubjectProjection())
}
TARGETS = {name: one.target for name, one in PROJECTIONS.items()}
