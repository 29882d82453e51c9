"""Answers of the SOAP endpoint that are not the eID engine's own (SOAP 1.1, §4.4: a fault is sent with status 500)."""

from __future__ import annotations

from starlette.responses import Response

from hub.kernel.errors import HubError, RequestError

_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    "<faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring>"
    "</soap:Fault></soap:Body></soap:Envelope>\n"
)


def fault(error: HubError) -> Response:
    """Who is at fault and nothing else: the reason is in our log."""
    theirs = isinstance(error, RequestError)
    code, text = ("Client", "The message is not accepted.") if theirs else ("Server", "The message was not handled.")
    return Response(_FAULT.format(code=code, text=text), status_code=500, media_type="text/xml; charset=utf-8")


def nothing_to_say() -> Response:
    return Response(status_code=204)
