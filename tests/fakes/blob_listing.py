"""A container with as many blobs as wanted: a server on loopback that answers List Blobs and nothing else.

The answer's form: https://learn.microsoft.com/rest/api/storageservices/list-blobs. Azurite keeps its blobs in memory,
which would hide what a listing costs us.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_BLOB = (
    "<Blob><Name>{prefix}{n:07d}.jpg</Name><Properties><Creation-Time>Sun, 01 Nov 2026 10:00:00 GMT</Creation-Time>"
    "<Last-Modified>Sun, 01 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x8DD{n:08X}</Etag><Content-Length>{n}"
    "</Content-Length><Content-Type>image/jpeg</Content-Type><Content-Encoding /><Content-Language />"
    "<Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5><Cache-Control /><Content-Disposition />"
    "<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"
    "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
    "<TagCount>1</TagCount></Properties><Metadata><title>Picture {n}</title><place>Leeds</place></Metadata>"
    "<Tags><TagSet><Tag><Key>project</Key><Value>p{n}</Value></Tag></TagSet></Tags><OrMetadata /></Blob>"
)


class BlobListing:
    """The server, running, with `blobs` blobs; from the page `broken_after` on it answers 503 (0: never)."""

    def __init__(self, blobs: int, broken_after: int = 0) -> None:
        self.blobs, self.broken_after, self.pages = blobs, broken_after, 0
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        server.daemon_threads = True
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{server.server_address[1]}/devstoreaccount1"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    fake: BlobListing
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        fake = self.fake
        broken = 0 < fake.broken_after <= fake.pages
        fake.pages += not broken
        start = int(asked.get("marker", "0"))
        size = int(asked.get("maxresults", "5000"))
        end = min(start + size, fake.blobs)
        prefix = asked.get("prefix", "")
        blobs = "".join(_BLOB.format(n=n, prefix=prefix) for n in range(start, end))
        marker = f"<NextMarker>{end}</NextMarker>" if end < fake.blobs else "<NextMarker />"
        body = (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/" '
            f'ContainerName="c"><Prefix>{prefix}</Prefix><Marker>{start or ""}</Marker><MaxResults>{size}</MaxResults>'
            f"<Blobs>{blobs}</Blobs>{marker}</EnumerationResults>"
        ).encode()
        if asked.get("comp") != "list" or set(asked["include"].split(",")) != {"metadata", "tags"}:
            self.send_response(400)
            body = b""
        else:
            self.send_response(503 if broken else 200)
            body = b"" if broken else body
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
