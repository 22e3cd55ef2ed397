"""What a failing server means to a `HuggingFaceEndpoint`: the same as to langchain-openai."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from cope_graph.models.bound import Bound, bind
from cope_graph.models.faults import Fault, diagnose
from tests.integration_tests.hugging_face import (  # noqa: F401 - a fixture
    WAYS,
    bare,
    endpoint,
    no_token,
    use,
)
from tests.loopback.clients import chat
from tests.loopback.http_messages import Request, Response
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError

pytestmark = pytest.mark.usefixtures("no_token")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


async def fault_of(bound: Bound, way: str) -> Fault:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what is looked at
        await use(bound.chat, way)
    return diagnose(caught.value, bound)


def told(fault: Fault) -> str:
    """Give what a fault says, up to where its user sets what is wrong."""
    return re.sub("(set|check) .*", "", fault.message)


@pytest.mark.parametrize(
    "suffix",
    ["401", "429", "429after30", "500", "503", "html", "badjson", "crash", "reset", "timeout"],
)
@pytest.mark.parametrize("way", WAYS)
async def test_a_fault_means_what_it_means_to_openais_client(
    server: OpenAIServer, suffix: str, way: str
) -> None:
    if (suffix, way[-6:]) == ("badjson", "stream"):
        pytest.skip("OpenAI's client takes half an event for the end")
    name = f"small-{suffix}"
    ours = await fault_of(bind(endpoint(server, name, timeout=1), "small", {}), way)
    theirs = await fault_of(bind(chat(server, name, timeout=1), "small", {}), way)
    assert (ours.kind, ours.billed, ours.again, ours.wait_s) == (
        theirs.kind,
        theirs.billed,
        theirs.again,
        theirs.wait_s,
    )
    if suffix in ("500", "503"):  # where each has its own words, and the server's
        assert "The server" in ours.message
    else:
        assert told(ours) == told(theirs)


@pytest.mark.parametrize("way", WAYS)
async def test_a_server_that_is_down_cost_nothing(server: OpenAIServer, way: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        fault = await fault_of(bind(endpoint(server, endpoint_url=url), "small", {}), way)
    assert (fault.kind, fault.billed, fault.again) == ("unreachable", False, True)
    assert f"cannot be reached at {url}: start its server or set endpoint_url" in fault.message


class NoChatServer(OpenAIServer):
    """Has text-generation-inference's old route alone."""

    def handle(self, request: Request) -> Response:  # noqa: ARG002 - whatever is asked
        error = ApiError(404, "no such route", "error")
        return Response(error.body(), status=404)


@pytest.mark.parametrize("way", WAYS)
async def test_a_server_without_a_chat_route_is_told_so(way: str) -> None:
    with NoChatServer() as server:
        llm = bare(endpoint_url=server.base_url)
        fault = await fault_of(bind(llm, "small", {}), way)
    assert (fault.kind, fault.billed, fault.again) == ("refused", False, False)
    assert "endpoint_url, whose server needs a chat route (/v1/chat/completions)" in fault.message


@pytest.mark.parametrize("way", WAYS)
async def test_offline_mode_is_named_and_not_tried_again(
    server: OpenAIServer, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    fault = await fault_of(bind(endpoint(server), "small", {}), way)
    assert (fault.kind, fault.billed, fault.again) == ("unreachable", False, False)
    assert fault.message.endswith("huggingface_hub is offline, unset HF_HUB_OFFLINE.")
    assert server.count == 0
