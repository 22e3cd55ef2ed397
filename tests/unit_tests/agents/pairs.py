"""Steps by hand that are the same, and steps that are not."""

from __future__ import annotations

from typing import Any

from cope_graph.agents.actions import Action, ToolCall


def call(name: str, /, **args: Any) -> Action:
    return Action((ToolCall(name, args),))


def calls(*actions: Action) -> Action:
    return Action(tuple(one for action in actions for one in action.calls))


def answer(text: str) -> Action:
    return Action(answer=text)


MAIL = "send_email"
"""Its `body` is free text."""

SAME: dict[str, tuple[Action, Action]] = {
    "order of names": (call("add", a=1, b=2), call("add", b=2, a=1)),
    "1 and 1.0": (call("add", a=1), call("add", a=1.0)),
    "0 and -0.0": (call("add", a=0), call("add", a=-0.0)),
    "1e3 and 1000": (call("add", a=1e3), call("add", a=1000)),
    "1e22 as both": (call("add", a=1e22), call("add", a=10**22)),
    "numbers in a list": (call("sum", of=[1, 2.0]), call("sum", of=[1.0, 2])),
    "numbers in an object": (call("put", at={"x": 1.0}), call("put", at={"x": 1})),
    "names within an object": (call("put", at={"x": 1, "y": 2}), call("put", at={"y": 2, "x": 1})),
    "null and left out": (call("find", city="Rome", zip=None), call("find", city="Rome")),
    "all null": (call("now", zone=None), call("now")),
    "blanks around": (call("find", city=" Rome "), call("find", city="Rome")),
    "blanks within": (call("find", city="New  York"), call("find", city="New York")),
    "tab for a blank": (call("find", city="New\tYork"), call("find", city="New York")),
    "no-break space": (call("find", city="New\u00a0York"), call("find", city="New York")),
    "line break at the end": (call("find", city="Rome\n"), call("find", city="Rome")),
    "composed and decomposed": (
        call("find", city="Z\u00fcrich"),
        call("find", city="Zu\u0308rich"),
    ),
    "ends of lines": (call("run", code="a = 1  \nb = 2"), call("run", code="a = 1\nb = 2")),
    "line ends of Windows": (call("run", code="a = 1\r\nb = 2"), call("run", code="a = 1\nb = 2")),
    "empty lines around": (
        call("run", code="\na = 1\nb = 2\n\n"),
        call("run", code="a = 1\nb = 2"),
    ),
    "texts in a list": (call("tag", names=["a ", "b"]), call("tag", names=["a", " b"])),
    "order of calls": (
        calls(call("add", a=1), call("add", a=2)),
        calls(call("add", a=2), call("add", a=1)),
    ),
    "order of calls of two tools": (
        calls(call("find", city="Rome"), call("add", a=2)),
        calls(call("add", a=2.0), call("find", city="Rome")),
    ),
    "case in free text": (call(MAIL, body="Hello Bob"), call(MAIL, body="hello bob")),
    "punctuation in free text": (call(MAIL, body="Hi, Bob!"), call(MAIL, body="Hi Bob.")),
    "lines in free text": (call(MAIL, body="Hi Bob\n\nBye"), call(MAIL, body="Hi Bob. Bye")),
    "quotes in free text": (call(MAIL, body="I don\u2019t"), call(MAIL, body="I don't")),
    "width in free text": (call(MAIL, body="\uff28i"), call(MAIL, body="Hi")),
    "free texts in a list": (call(MAIL, body=["Hi!", "Bye"]), call(MAIL, body=["hi", "bye."])),
    "case of an answer": (answer("Paris"), answer("paris")),
    "full stop of an answer": (answer("It is Paris."), answer("It is Paris")),
    "emphasis in an answer": (answer("It is **Paris**."), answer("It is Paris.")),
    "blanks of an answer": (answer(" It is\nParis "), answer("It is Paris")),
    "quotes of an answer": (answer('"Paris"'), answer("Paris")),
    "hyphen in an answer": (answer("well-known"), answer("well known")),
}
DIFFERENT: dict[str, tuple[Action, Action]] = {
    "the sign of a name": (answer("x = -y"), answer("x = y")),
    "names of tools": (call("find", city="Rome"), call("search", city="Rome")),
    "case of a tool's name": (call("Find", city="Rome"), call("find", city="Rome")),
    "blank in a tool's name": (call("find ", city="Rome"), call("find", city="Rome")),
    "look-alike name": (call("find", city="Rome"), call("f\u0456nd", city="Rome")),
    "names of arguments": (call("find", city="Rome"), call("find", town="Rome")),
    "case of an argument's name": (call("find", city="Rome"), call("find", City="Rome")),
    "one argument more": (call("add", a=1), call("add", a=1, b=2)),
    "values": (call("add", a=1), call("add", a=2)),
    "sign": (call("add", a=1), call("add", a=-1)),
    "nearly one": (call("add", a=1), call("add", a=1.0000001)),
    "large neighbours": (call("add", a=2**53), call("add", a=2**53 + 1)),
    "large as integer and as double": (call("add", a=float(2**53)), call("add", a=2**53 + 1)),
    "1 and true": (call("set", on=1), call("set", on=True)),
    "0 and false": (call("set", on=0), call("set", on=False)),
    "0 and left out": (call("add", a=0), call("add")),
    "false and null": (call("set", on=False), call("set", on=None)),
    "1 and its text": (call("find", id=1), call("find", id="1")),
    "null and its text": (call("find", id=None), call("find", id="null")),
    "empty text and left out": (call("find", id=""), call("find")),
    "empty list and left out": (call("tag", names=[]), call("tag")),
    "leading zeros": (call("find", id="007"), call("find", id="7")),
    "case of an id": (call("find", id="JFK"), call("find", id="jfk")),
    "case of an address": (call(MAIL, to="Bob@x.org"), call(MAIL, to="bob@x.org")),
    "case of a path": (call("read", path="/a/B"), call("read", path="/a/b")),
    "punctuation of a path": (call("read", path="a.b"), call("read", path="a b")),
    "width of an id": (call("find", id="\uff21"), call("find", id="A")),
    "superscript": (call("find", id="x\u00b2"), call("find", id="x2")),
    "blank in an id": (call("find", id="A B"), call("find", id="AB")),
    "zero-width space": (call("find", id="A\u200bB"), call("find", id="AB")),
    "order of a list": (call("sum", of=[1, 2]), call("sum", of=[2, 1])),
    "twice in a list": (call("sum", of=[1, 1]), call("sum", of=[1])),
    "list and value": (call("sum", of=[1]), call("sum", of=1)),
    "nested one deeper": (call("sum", of=[[1]]), call("sum", of=[1])),
    "list and object": (call("put", at=[1]), call("put", at={"0": 1})),
    "null within an object": (call("put", at={"x": None}), call("put", at={})),
    "null within a list": (call("sum", of=[None]), call("sum", of=[])),
    "layout of code": (call("run", code="if a:\n  b\nc"), call("run", code="if a:\n  b\n  c")),
    "first indent of code": (call("run", code="  a\nb"), call("run", code="a\nb")),
    "lines of code": (call("run", code="a\nb"), call("run", code="a b")),
    "one call twice": (calls(call("add", a=1), call("add", a=1)), call("add", a=1)),
    "one call more": (calls(call("add", a=1), call("now")), call("add", a=1)),
    "arguments swapped between calls": (
        calls(call("add", a=1), call("sub", a=2)),
        calls(call("add", a=2), call("sub", a=1)),
    ),
    "words of free text": (call(MAIL, body="Hi Bob"), call(MAIL, body="Hi Rob")),
    "number in free text": (call(MAIL, body="Pay 3.5"), call(MAIL, body="Pay 35")),
    "sign in free text": (call(MAIL, body="It is -5"), call(MAIL, body="It is 5")),
    "time in free text": (call(MAIL, body="At 10:30"), call(MAIL, body="At 1030")),
    "order in free text": (call(MAIL, body="Bob hit Rob"), call(MAIL, body="Rob hit Bob")),
    "subject is no free text": (call(MAIL, subject="Hi"), call(MAIL, subject="hi")),
    "free text of another tool": (call("post", body="Hi"), call("post", body="hi")),
    "answer and call": (answer("add"), call("add")),
    "answer that looks like a call": (
        answer('{"calls":[{"args":{},"name":"add"}]}'),
        call("add"),
    ),
    "answers": (answer("Paris"), answer("Rome")),
    "numbers as answers": (answer("3.5"), answer("35")),
    "decimals as answers": (answer(".5"), answer("5")),
    "signs of answers": (answer("-5"), answer("5")),
    "percents as answers": (answer("5%"), answer("5")),
    "thousands as answers": (answer("3,000"), answer("3")),
    "languages as answers": (answer("C#"), answer("C")),
    "punctuation alone": (answer("?"), answer("!")),
}
