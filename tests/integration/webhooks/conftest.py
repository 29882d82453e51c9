from tests.integration.watch.conftest import hub

__all__ = ["hub"]
