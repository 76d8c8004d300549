"""A collector for tests: takes what is posted to it on a real socket, and keeps it."""

import gzip
import http.server
import threading
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Receiver:
    """A collector: takes what is posted and keeps it."""

    def __init__(self, *, status: int = 200) -> None:
        self.spans: list[Any] = []
        self.figures: dict[str, Any] = {}
        self.resources: list[dict[str, str]] = []
        self.headers: list[Any] = []
        self.raw = b""
        keep = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                keep.take(self.path, body, self.headers)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def take(self, path: str, body: bytes, headers: Any) -> None:
        self.raw += body
        self.headers.append(headers)
        if path == "/v1/traces":
            told = ExportTraceServiceRequest.FromString(body)
            for resource in told.resource_spans:
                self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        elif path == "/v1/metrics":
            figures = ExportMetricsServiceRequest.FromString(body)
            for each in figures.resource_metrics:
                self.figures |= {metric.name: metric for scope in each.scope_metrics for metric in scope.metrics}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
