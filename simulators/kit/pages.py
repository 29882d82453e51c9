"""The pages of a simulated eID: plain HTML that works without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

_STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}"
    "fieldset{margin:0 0 1rem}label{display:block}button{font:inherit;padding:.4rem 1rem;margin-right:1rem}"
)


class NotAccepted(Exception):
    """What the browser brought is not acceptable; the text says why and is shown."""


def page(title: str, body: str, status: int = 200, language: str = "en") -> HTMLResponse:
    """`body` is HTML; `title` is text."""
    return HTMLResponse(
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>",
        status,
        {"Cache-Control": "no-store"},
    )


def refusal(title: str, error: NotAccepted) -> HTMLResponse:
    return page(title, f"<p>{escape(str(error))}</p>", 400)


def post_form(title: str, url: str, fields: Mapping[str, str]) -> HTMLResponse:
    """Sends the browser on by POST: by itself where scripts run, else by the button."""
    inputs = "".join(hidden(name, value) for name, value in fields.items())
    return page(
        title,
        f'<form method="post" action="{escape(url)}">{inputs}<button>→</button></form>'
        "<script>document.forms[0].submit()</script>",
    )


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def choice(name: str, options: Mapping[str, str], chosen: str) -> str:
    """Radio buttons: value → text."""
    return "".join(
        f'<label><input type="radio" name="{escape(name)}" value="{escape(value)}"'
        f"{' checked' if value == chosen else ''}> {escape(text)}</label>"
        for value, text in options.items()
    )


def ticks(name: str, options: Mapping[str, str]) -> str:
    """Check boxes, all of them ticked: value → text."""
    return "".join(
        f'<label><input type="checkbox" name="{escape(name)}" value="{escape(value)}" checked> {escape(text)}</label>'
        for value, text in options.items()
    )


def group(legend: str, content: str) -> str:
    return f"<fieldset><legend>{escape(legend)}</legend>{content}</fieldset>"


def login(
    title: str,
    action: str,
    token: str,
    people: Mapping[str, str],
    levels: Mapping[str, str],
    language: str,
    refusable: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Who it is, how surely (the highest is chosen), what to keep back; empty choices are left out."""
    body = (
        f'<form method="post" action="{escape(action)}">{hidden("token", token)}'
        + group("Person", choice("person", people, next(iter(people))))
        + (group("Level", choice("level", levels, list(levels)[-1])) if levels else "")
        + (group("Hand over", ticks("give", refusable)) if refusable else "")
        + '<button name="do" value="login">Log in</button><button name="do" value="cancel">Cancel</button></form>'
    )
    return page(title, body, language=language)
