"""The API over HTTP with nothing but protobuf: what docs/api.md promises any language."""

import atexit
import http.client
import importlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_messages(folder=None):
    """Compile api.proto for Python into `folder` and import it."""
    if "hikyaku.v1.api_pb2" in sys.modules:
        return sys.modules["hikyaku.v1.api_pb2"]
    if folder is None:
        folder = tempfile.mkdtemp(prefix="hikyaku-proto-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder = Path(folder)
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={folder}",
                    f"{ROOT}/proto/hikyaku/v1/api.proto"], check=True)
    sys.path.insert(0, str(folder))
    return importlib.import_module("hikyaku.v1.api_pb2")


class ApiError(Exception):
    """What a call was refused with: Connect's code, and the problems in its details."""

    def __init__(self, status, body):
        self.status = status
        try:
            document = json.loads(body)
        except ValueError:
            document = {}
        self.code = document.get("code", "")
        self.problems = [detail.get("debug", {}) for detail in document.get("details", [])]
        super().__init__(f"{status} {self.code}: {body.decode(errors='replace')[:600]}")

    @property
    def rules(self):
        return [problem.get("rule") for problem in self.problems]

    @property
    def fields(self):
        return [problem.get("field") for problem in self.problems]


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class ApiClient:
    """`endpoint`: "unix:/path" or "127.0.0.1:8460". One connection, kept open."""

    def __init__(self, endpoint, key, timeout_s=60):
        self.endpoint = endpoint
        self.key = key
        self.timeout_s = timeout_s
        self.pb = load_messages()
        self._connection = None

    def _connect(self):
        if self.endpoint.startswith("unix:"):
            return _UnixConnection(self.endpoint[5:], self.timeout_s)
        return http.client.HTTPConnection(self.endpoint, timeout=self.timeout_s)

    def post(self, path, body, headers=None):
        """Send bytes; returns (status, headers, body)."""
        sent = {"Content-Type": "application/proto", "Authorization": f"Bearer {self.key}",
                **(headers or {})}
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = self._connect()
            try:
                self._connection.request("POST", path, body,
                                         {k: v for k, v in sent.items() if v is not None})
                answer = self._connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.HTTPException, OSError):
                # A kept connection may have been closed meanwhile.
                self._connection.close()
                self._connection = None
                if attempt == 2:
                    raise
        raise AssertionError

    def call(self, service, method, request):
        """Call Service/Method; returns its response or raises ApiError."""
        status, _, body = self.post(f"/hikyaku.v1.{service}/{method}",
                                    request.SerializeToString())
        if status != 200:
            raise ApiError(status, body)
        response = getattr(self.pb, type(request).__name__.replace("Request", "Response"), None)
        if method in ("PauseCampaign", "ResumeCampaign", "CancelCampaign"):
            response = self.pb.ControlCampaignResponse
        return response.FromString(body)

    def campaign(self, method, **fields):
        """CampaignService with the request's fields."""
        return self.call("CampaignService", method, getattr(self.pb, f"{method}Request")(**fields))

    def send_messages(self, request):
        return self.call("MessageService", "SendMessages", request)

    def events(self, cursor="", max_events=0, wait_ms=0, **filters):
        request = self.pb.ReadEventsRequest(cursor=cursor, max_events=max_events, wait_ms=wait_ms)
        if filters:
            request.filter.CopyFrom(self.pb.EventFilter(**filters))
        return self.call("EventService", "ReadEvents", request)

    def all_events(self, cursor="", **filters):
        """Everything from the cursor on; returns (events, next cursor)."""
        events = []
        while True:
            answer = self.events(cursor, 5000, 0, **filters)
            events += answer.events
            cursor = answer.next_cursor
            if not answer.more:
                return events, cursor

    def fleet(self):
        return self.call("FleetService", "GetFleet", self.pb.GetFleetRequest())
