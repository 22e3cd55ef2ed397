"""A chat model as the graph uses it: named, priced, ready to draw k samples."""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Event
from typing import Any, Final, cast

from langchain_core.language_models import BaseChatModel, BaseLLM

from cope_graph.models.breaker import Breaker
from cope_graph.models.names import Side, chat_model
from cope_graph.models.secrets import bare_address, secrets_of, without
from cope_graph.models.usage import OF_AN_AGENT, Usage
from cope_graph.money.meter import Meter
from cope_graph.money.prices import FREE, Price, cost, listed_cost, load_list, own_price

_USUAL_RETRIES: Final = 2  # as OpenAI's client
_URL_FIELDS = ("openai_api_base", "base_url", "azure_endpoint", "endpoint_url", "endpoint")


@dataclass(frozen=True)
class Desk:
    """A model as one kind of callers uses it.

    Attributes:
        chat: It.
        copies: It with the settings of past requests. A fresh copy describes itself anew to the
            tracers, which takes longer than anything else in a node.
    """

    chat: BaseChatModel
    copies: dict[object, BaseChatModel] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """One side of the cascade.

    Attributes:
        side: `"small"`, `"large"`, or `"judge"` for a third model that only judges.
        chat: The model itself.
        name: Its name, as configured.
        takes_n: Whether its kind of model can draw n samples in one request.
        window: Its context window in tokens, `None` when not known.
        price: The user's price, `FREE` for a local model, `None` to use the public list.
        prices: All the user's prices: the provider may report a name that has one.
        settable: The fields of the model that a request may set.
        api_url: The server it asks, `None` when not known.
        retries: Tries after the first that its own settings ask for; they are made, and billed,
            here.
        says_finish: Whether it always says why it stopped, so that silence is a broken stream.
        secrets: Its keys, which no message may show.
        refused_n: Set once its server has said that it gives one sample a request.
        refused_schema: Set once its server has said that it holds no reply to a JSON schema.
        breaker: Spares it when it is dead.
        meter: Counts its working time, for a price by the hour.
        desk: Where requests from threads are made.
        desks: Where those from event loops are made, one for each.
    """

    side: Side
    chat: BaseChatModel = field(repr=False)
    name: str
    takes_n: bool
    window: int | None
    price: Price | None
    prices: Mapping[str, Price]
    api_url: str | None
    settable: frozenset[str] = field(repr=False)
    retries: int
    says_finish: bool
    secrets: tuple[str, ...] = field(repr=False)
    desk: Desk = field(repr=False, compare=False)
    refused_n: Event = field(default_factory=Event, repr=False, compare=False)
    refused_schema: Event = field(default_factory=Event, repr=False, compare=False)
    breaker: Breaker = field(default_factory=Breaker, repr=False, compare=False)
    meter: Meter = field(default_factory=Meter, repr=False, compare=False)
    desks: dict[AbstractEventLoop, Desk] = field(default_factory=dict, repr=False, compare=False)

    def usd(self, usage: Usage, model: str, gpu_seconds: float = 0.0) -> Decimal | None:
        """Price one request by the name the provider reported, `None` when not known."""
        if usage.status == "unknown" and not self.is_priced_by_time:
            return None
        if usage.parts and not self.is_priced_by_time:
            return self._usd_by_name(usage.parts)
        price = self.price or own_price(self.prices, (model,))
        if price is not None:
            return cost(usage, price, gpu_seconds)
        return listed_cost(usage, model, self.api_url)

    def _usd_by_name(self, parts: tuple[tuple[str, Usage], ...]) -> Decimal | None:
        """Price an agent's run: its models by their names, else as the side it stands for."""
        total = Decimal(0)
        for name, usage in parts:
            price = own_price(self.prices, (name,))
            usd = cost(usage, price) if price else listed_cost(usage, name, self.api_url)
            if usd is None and self.price is not None:
                usd = cost(usage, self.price)
            if usd is None:
                return None
            total += usd
        return total

    @property
    def is_priced_by_time(self) -> bool:
        """Whether tokens play no part in its price: what it cost is known without a report."""
        return self.price is not None and not self.price.counts_tokens

    @property
    def draws_n(self) -> bool:
        """Whether to ask for n samples in one request, as far as is known."""
        return self.takes_n and not self.refused_n.is_set()

    @property
    def tells_progress(self) -> bool:
        """Whether it says when a sample has ended, and can stop the others."""
        return bool(getattr(self.chat, "tells_progress", False))

    @property
    def lacks_log_probs(self) -> bool:
        """Whether it is known not to give log-probabilities, since nothing could ask it for them.

        A chat model of the user's own may give them unasked.
        """
        home = type(self.chat).__module__.partition(".")[0]
        of_a_package = home.startswith(("langchain_", "cope_graph"))
        responses = "extra_body" in self.settable and not self.takes_n  # OpenAI's Responses API
        return (of_a_package and "logprobs" not in self.settable) or responses

    @property
    def calls_tools(self) -> bool:
        """Whether it has calls of tools of its own; else they are put into words."""
        return type(self.chat).bind_tools is not BaseChatModel.bind_tools

    @property
    def is_cascade(self) -> bool:
        """Whether it is a cascade itself, which asks models of its own."""
        return self.chat._llm_type == "cope"  # noqa: SLF001 - what LangChain knows models by

    @property
    def is_agent(self) -> bool:
        """Whether it is a whole agent, which asks models of its own as often as it likes."""
        return self.chat._llm_type == OF_AN_AGENT  # noqa: SLF001 - as above

    @property
    def keeps_connections(self) -> bool:
        """Whether it is a model whose connections each belong to one event loop."""
        return "root_async_client" in self.settable or hasattr(self.chat, "of_a_loop")

    def chat_of_a_loop(self) -> BaseChatModel:
        """Give the model for another event loop, with connections of its own."""
        if of_a_loop := getattr(self.chat, "of_a_loop", None):
            return cast("BaseChatModel", of_a_loop())
        from cope_graph.models.one_bill import with_own_connections  # noqa: PLC0415

        return with_own_connections(cast("Any", self.chat))

    def has_price(self) -> bool:
        """Tell whether a request's price can be known before it is made."""
        return self.usd(Usage(1, 1), self.name) is not None

    def without_secrets(self, text: str) -> str:
        """Black out the model's keys, which a server may have echoed."""
        return without(self.secrets, text)


def bind(model: str | BaseChatModel | BaseLLM, side: Side, prices: Mapping[str, Price]) -> Bound:
    """Make a model ready for the graph.

    Args:
        model: A model or a name, see `chat_model`.
        side: Which side of the cascade it is.
        prices: The user's prices by side (`"small"`, `"large"`) or by model name.

    Raises:
        ModelNameError: The name is unknown, or the object is no chat model.
        MissingPackageError: The provider's package is not installed.
        MissingKeyError: The provider needs a key and has none.
    """
    given_chat = chat_model(model, side)
    chat, takes_n, settable = _billed_once(given_chat)
    name = _name(chat)
    given = model if isinstance(model, str) else name
    price = own_price(prices, (side, given, name))
    if price is None and getattr(chat, "is_local", False):
        price = FREE
    if price is None:
        load_list()
    return Bound(
        side=side,
        chat=chat,
        name=name,
        takes_n=takes_n,
        window=_window(chat),
        price=price,
        prices=prices,
        api_url=_api_url(chat),
        settable=settable,
        retries=_retries(given_chat, ours=chat is not given_chat),
        says_finish=getattr(chat, "says_finish", takes_n and chat is not given_chat),
        secrets=secrets_of(given_chat),
        desk=Desk(chat),
    )


def _billed_once(chat: BaseChatModel) -> tuple[BaseChatModel, bool, frozenset[str]]:
    fields = frozenset(type(chat).model_fields)
    # A model of that package exists only where the package has been imported already.
    if "langchain_openai" in sys.modules:
        from langchain_openai.chat_models.base import BaseChatOpenAI  # noqa: PLC0415

        from cope_graph.models.one_bill import one_bill, uses_responses  # noqa: PLC0415

        if isinstance(chat, BaseChatOpenAI):
            if uses_responses(chat):
                return one_bill(chat), False, fields - {"seed"}
            return one_bill(chat), True, fields
    return chat, bool(getattr(chat, "takes_n", False)), fields


def _retries(chat: BaseChatModel, *, ours: bool) -> int:
    """Count the tries that are ours to make: none where a model's client makes its own."""
    own = getattr(chat, "max_retries", None)
    if ours or not hasattr(chat, "max_retries"):
        return own if isinstance(own, int) else _USUAL_RETRIES
    return 0


def _name(chat: BaseChatModel) -> str:
    named = (getattr(chat, field, None) for field in ("model_name", "model", "model_id"))
    return next((name for name in named if isinstance(name, str) and name), type(chat).__name__)


def _window(chat: BaseChatModel) -> int | None:
    profile: Mapping[str, Any] = getattr(chat, "profile", None) or {}
    window = profile.get("max_input_tokens")
    return window if isinstance(window, int) else None


def _api_url(chat: BaseChatModel) -> str | None:
    """Find the server of a model, without any credentials in its address."""
    client = getattr(chat, "root_client", None) or getattr(chat, "root_async_client", None)
    named = (getattr(chat, field, None) for field in _URL_FIELDS)
    url = getattr(client, "base_url", None) or next((url for url in named if url), None)
    return bare_address(str(url)) if url else None
