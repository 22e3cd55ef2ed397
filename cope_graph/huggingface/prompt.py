"""From messages to token ids, through the model's own chat template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    ToolMessage,
)

from cope_graph.errors import CopeError, ModelLoadError, RequestRefusedError
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.tools import check_tools

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}


def prompt_tokens(
    loaded: Loaded,
    messages: Sequence[BaseMessage],
    tools: Sequence[dict[str, Any]] = (),
    options: Mapping[str, Any] | None = None,
) -> list[int]:
    """Turn messages into the tokens that the model reads.

    Control tokens that a message spells out are broken, so that it cannot end its own turn. A
    template that knows no system role (Gemma's, say) gets its text before the first message of
    the user's. A conversation that ends with a reply is continued, not answered.

    Args:
        loaded: Whose template.
        messages: The conversation.
        tools: In OpenAI's format, for a template that lists them.
        options: More values for the template, such as `enable_thinking`; `chat_template` is one to
            use instead of the model's own.

    Raises:
        ModelLoadError: There is no template, or it lists no tools.
        RequestRefusedError: The template refuses these messages, or they hold more than text.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    if not (given.get("chat_template") or loaded.tokenizer.chat_template):
        msg = (
            f"{loaded.name} has no chat template: take its instruction-tuned version, or pass "
            "chat_template=."
        )
        raise ModelLoadError(msg)
    turns = [_harmless(_turn(it), loaded, own=it.type == "ai") for it in messages]
    listed = [_harmless(dict(tool), loaded, own=False) for tool in tools]
    try:
        return _checked(loaded, _tokens(loaded, turns, listed, given))
    except CopeError:
        raise
    except Exception as error:  # a template raises whatever its author wrote
        folded = _without_system(turns)
        if len(folded) == len(turns):
            raise _refusal(loaded, error) from error
    try:
        return _checked(loaded, _tokens(loaded, folded, listed, given))
    except CopeError:
        raise
    except Exception as error:
        raise _refusal(loaded, error) from error


def _refusal(loaded: Loaded, error: Exception) -> RequestRefusedError:
    said = " ".join(str(error).split())[:200]
    return RequestRefusedError(f"The chat template of {loaded.name} refuses these messages: {said}")


def _checked(loaded: Loaded, tokens: list[int]) -> list[int]:
    """Refuse what a model cannot read: on a GPU it would end the process."""
    if not tokens:
        msg = f"The chat template of {loaded.name} makes no prompt of these messages."
        raise RequestRefusedError(msg)
    known = loaded.model.get_input_embeddings().num_embeddings
    if max(tokens) >= known:
        msg = f"The tokenizer of {loaded.name} has tokens that the model has not: they do not fit."
        raise ModelLoadError(msg)
    return tokens


def _tokens(
    loaded: Loaded,
    turns: list[dict[str, Any]],
    tools: Sequence[dict[str, Any]],
    options: Mapping[str, Any],
) -> list[int]:
    continued = bool(turns) and turns[-1]["role"] == "assistant" and "tool_calls" not in turns[-1]
    how = {"continue_final_message": True} if continued else {"add_generation_prompt": True}

    def render(listed: list[dict[str, Any]] | None) -> str:
        return str(
            loaded.tokenizer.apply_chat_template(
                turns, tools=listed, tokenize=False, **how, **options
            )
        )

    text = check_tools(render, list(tools), loaded.name) if tools else render(None)
    # The template has written the special tokens already.
    return loaded.tokens_of(text)


def _turn(message: BaseMessage) -> dict[str, Any]:
    """Write a message as templates expect it."""
    if isinstance(message.content, list) and (other := _other_than_text(message)):
        msg = f"This model reads text alone, and a message holds {other!r}."
        raise RequestRefusedError(msg)
    role = message.role if isinstance(message, ChatMessage) else _ROLES.get(message.type)
    if role is None:
        msg = f"A chat template has no place for a {type(message).__name__}."
        raise RequestRefusedError(msg)
    turn: dict[str, Any] = {"role": role, "content": message.text}
    if isinstance(message, AIMessage) and message.tool_calls:
        turn["tool_calls"] = [
            {
                "type": "function",
                "id": call["id"],
                "function": {"name": call["name"], "arguments": call["args"]},
            }
            for call in message.tool_calls
        ]
    if isinstance(message, ToolMessage):
        turn |= {"tool_call_id": message.tool_call_id, "name": message.name or ""}
    return turn


def _harmless(value: Any, loaded: Loaded, *, own: bool) -> Any:
    """Keep all text of others from speaking in the template's place, arguments of tools too."""
    if isinstance(value, str):
        return loaded.harmless(value, own=own)
    make = partial(_harmless, loaded=loaded, own=own)
    if isinstance(value, Mapping):
        return {make(name): make(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [make(part) for part in value]
    return value


def _other_than_text(message: BaseMessage) -> str | None:
    """Find the kind of a part that is not text; calls of tools stand beside the text."""
    known = {"text", "tool_use", "tool_call", "reasoning", "thinking"}
    kinds = [part.get("type", "") if isinstance(part, dict) else "text" for part in message.content]
    return next((kind for kind in kinds if kind not in known), None)


def _without_system(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the text of system messages before the user's first."""
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    others = [dict(turn) for turn in turns if turn["role"] != "system"]
    first = next((turn for turn in others if turn["role"] == "user"), None)
    if not system or first is None:
        return turns
    first["content"] = "\n\n".join([*system, first["content"]])
    return others
