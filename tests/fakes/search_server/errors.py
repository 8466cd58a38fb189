"""The error that the service gives: `{"error": {"code", "message", "details"}}` and a status.

https://learn.microsoft.com/rest/api/searchservice/http-status-codes
"""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request that gets an error.

    `code` is the outer code (many of the service's errors have an empty one), `reason` the code of the one detail.
    Without a message the answer has no body, as the service answers a wrong key or a missing role.
    """

    def __init__(self, message: str, code: str = "", reason: str = "", status: int = 400, **headers: str) -> None:
        super().__init__(message)
        self.message, self.code, self.reason, self.status = message, code, reason, status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self) -> dict[str, Any] | None:
        """What the answer says."""
        if not self.message:
            return None
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.reason:
            first = self.message.partition("\r\n")[0]  # without the parameter's name
            error["details"] = [{"code": self.reason, "message": first}]
        return {"error": error}


def invalid(parameter: str, message: str, reason: str = "") -> Refused:
    """A request whose body is wrong: `The request is invalid. Details: ...`."""
    text = f"The request is invalid. Details: {parameter} : {message}"
    return Refused(text, "InvalidRequestParameter", reason or "InvalidParameter")


def expression(message: str, parameter: str) -> Refused:
    """A query option whose expression is wrong."""
    return Refused(f"Invalid expression: {message}\r\nParameter name: {parameter}")


def parameter(message: str, name: str, reason: str = "InvalidParameter") -> Refused:
    """A query option whose value is wrong."""
    return Refused(f"{message}\r\nParameter name: {name}", "InvalidRequestParameter", reason)


def names(text: str | None) -> list[str]:
    """A list that was sent as text, with commas."""
    return [name for part in (text or "").split(",") if (name := part.strip())]
