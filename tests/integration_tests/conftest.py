from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.postgres import NoPostgresError, postgres


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of our own, for all tests that want one; they share its database."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres(tmp_path_factory.mktemp("postgres")))
        except NoPostgresError as error:
            if os.environ.get("CI"):  # .ci/run installs it
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield url
