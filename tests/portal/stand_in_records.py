"""A stand-in for the portal's GraphQL server, over the schema that the portal's client brings."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cryoet_data_portal
from graphql import GraphQLSchema, graphql_sync
from loopback import LoopbackServer

SCHEMA = Path(cryoet_data_portal.__file__).parent / "data" / "schema.graphql"
RELATIONS = {
    ("tomograms", "run"): ("runs", "runId"),
    ("runs", "dataset"): ("datasets", "datasetId"),
}


@dataclass
class StandInRecords(LoopbackServer):
    """Tables by their GraphQL name, served; `misbehave` may answer in the server's place."""

    schema: GraphQLSchema
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    requests: int = 0
    question: dict[str, Any] = field(default_factory=dict)
    misbehave: Callable[[BaseHTTPRequestHandler], bool] | None = None
    """Given a request, answers it wrongly and says True, or says False."""

    def __post_init__(self):
        for name, root in self.schema.query_type.fields.items():
            root.resolve = self._resolver(name)
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                owner.requests += 1
                owner.question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if owner.misbehave is not None and owner.misbehave(self):
                    return
                answer(self, owner.answered(owner.question))

        self.serve(Handler)

    @property
    def url(self) -> str:
        return f"{self.address}/graphql"

    def answered(self, question: dict[str, Any]) -> bytes:
        result = graphql_sync(
            self.schema, question["query"], variable_values=question.get("variables")
        )
        return json.dumps(result.formatted).encode()

    def _resolver(self, name):
        def resolve(_, info, where=None, **__):
            return [row for row in self.tables.get(name, []) if self._matches(name, row, where)]

        return resolve

    def _matches(self, table: str, row: dict[str, Any], where: dict[str, Any] | None) -> bool:
        for key, condition in (where or {}).items():
            if (table, key) in RELATIONS:
                other, reference = RELATIONS[table, key]
                related = [each for each in self.tables[other] if each["id"] == row[reference]]
                if not any(self._matches(other, each, condition) for each in related):
                    return False
                continue
            for operator, value in condition.items():
                assert operator == "_eq", f"the stand-in does not know {operator}"
                if row.get(key) != value:
                    return False
        return True


def answer(
    request: BaseHTTPRequestHandler,
    body: bytes,
    status: int = 200,
    content_type: str = "application/json",
) -> None:
    request.send_response(status)
    request.send_header("Content-Type", content_type)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def dataset_record(id: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "title": "Made-up cells",
        "description": "-",
        "depositionId": 7,
        "organismName": "-",
        "sampleType": "cell",
        "depositionDate": "2024-01-01T00:00:00+00:00",
        "releaseDate": "2024-01-01T00:00:00+00:00",
        "lastModifiedDate": "2024-01-01T00:00:00+00:00",
        "s3Prefix": "s3://bucket/10445/",
        "httpsPrefix": "https://example.org/10445/",
        "fileSize": 1.0,
        **more,
    }


def deposition_record(id: int) -> dict[str, Any]:
    date = "2024-01-01T00:00:00+00:00"
    return {
        "id": id,
        "title": "A made-up deposition",
        "description": "-",
        "depositionDate": date,
        "releaseDate": date,
        "lastModifiedDate": date,
    }


def run_record(id: int, dataset: int, name: str) -> dict[str, Any]:
    return {
        "id": id,
        "datasetId": dataset,
        "name": name,
        "s3Prefix": "s3://bucket/run/",
        "httpsPrefix": "https://example.org/run/",
    }


def tomogram_record(
    id: int, run: int, shape: tuple[int, ...], spacing: float, omezarr: str | None, **more: Any
) -> dict[str, Any]:
    return {
        "id": id,
        "name": f"tomogram {id}",
        "runId": run,
        "depositionId": 7,
        "alignmentId": 1,
        "tomogramVoxelSpacingId": 1,
        "sizeZ": shape[0],
        "sizeY": shape[1],
        "sizeX": shape[2],
        "voxelSpacing": spacing,
        "fiducialAlignmentStatus": "NON_FIDUCIAL",
        "reconstructionMethod": "WBP",
        "processing": "raw",
        "reconstructionSoftware": "made up",
        "isAuthorSubmitted": True,
        "s3OmezarrDir": omezarr,
        "offsetX": 0,
        "offsetY": 0,
        "offsetZ": 0,
        **more,
    }


def author_record(id: int, tomogram: int, name: str, place: int) -> dict[str, Any]:
    return {"id": id, "tomogramId": tomogram, "name": name, "authorListOrder": place}
