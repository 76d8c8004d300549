"""The few files that pages are made with (a style sheet, a script, a mark), kept in memory and cached for good.

Their address carries a stamp of their content, so that a new release is a new address. Nothing here comes from
outside the package. Mounted by ``app``.
"""

from importlib.resources import files
from zlib import crc32

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.web.problems import ProblemError

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class Assets:
    """The files under ``/static``."""

    def __init__(self) -> None:
        folder = files("penstock.web") / "static"
        self._files = {
            file.name: (file.read_bytes(), _TYPES[suffix])
            for file in folder.iterdir()
            if (suffix := file.name[file.name.rfind(".") :]) in _TYPES
        }

    @property
    def stamp(self) -> str:
        """Changes with their content."""
        return f"{crc32(b''.join(content for _, (content, _) in sorted(self._files.items()))):08x}"

    def route(self) -> Route:
        """Where they are."""
        return Route("/static/{name}", self._serve)

    async def _serve(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise ProblemError(404, "there is no such file")
        content, content_type = found
        return Response(content, headers=_KEPT | {"Content-Type": content_type})
