"""What the portal's records may do wrong: each ends in one line, and nothing is kept."""

import json
import time

import pytest
from stand_in_records import answer

from cryoet_zarr_bench.tomograms.portal import portal_answers


def answering(body, status=200, content_type="application/json"):
    def misbehave(request):
        answer(request, body if isinstance(body, bytes) else body.encode(), status, content_type)
        return True

    return misbehave


def of_all(content):
    """The same content, whatever is asked for."""
    fields = ("tomograms", "runs", "datasets", "depositions", "tomogramAuthors")
    return json.dumps({"data": {name: content for name in fields}})


def hang(request):
    time.sleep(30)
    return True


def drip(request):
    """A byte now and then: no timeout of a connection ever passes."""
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    for _ in range(300):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.1)
    return True


@pytest.mark.parametrize(
    ("misbehave", "said"),
    [
        (answering("no", 400), "answers with HTTP 400"),
        (answering("<html>not here</html>", 404, "text/html"), "answers with HTTP 404"),
        (answering("no", 500), "answers with HTTP 500, each time it is asked"),
        (answering("no", 503), "answers with HTTP 503, each time it is asked"),
        (answering("<html><script>x</script></html>"), "what is not a record of the portal"),
        (answering("null"), "what is not a record of the portal"),
        (answering('{"data": null}'), "what is not a record of the portal"),
        (answering(of_all(None)), "what is not a record of the portal"),
        (answering(of_all([None])), "what is not a record of the portal"),
        (answering(of_all([{}])), "has no tomogram 16463"),
        (answering(of_all([{"id": 16463}])), "its runId is None"),
        (answering(of_all("text")), "what is not a record of the portal"),
        (answering("[" * 100_000), "what is not a record of the portal"),
        (answering('{"errors": [{"message": "no\\u001b[31m\\nfield"}]}'), "refuses the question ("),
        (answering(b"\xff\xfe\x00"), "what is not a record of the portal"),
        (answering("moved", 302), "what is not a record of the portal"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_that_is_none(portal, good, refused, misbehave, said):
    portal.records.misbehave = misbehave
    line = refused(portal.run("fetch", "--tomogram", "16463", "--crop", "8,8,8"))
    assert said in line
    assert "<" not in line and "\x1b" not in line
    assert portal.entries() == [good.path.name]
    refused(portal.run("tomograms", "--dataset", "10445"))
    portal.records.misbehave = None


@pytest.mark.parametrize("misbehave", [hang, drip])
def test_a_server_that_does_not_get_on_is_given_up(portal, good, refused, misbehave, monkeypatch):
    monkeypatch.setenv("CRYOET_PORTAL_TIMEOUT", "0.2")
    portal.records.misbehave = misbehave
    line = refused(portal.run("fetch", "--tomogram", "16463", "--crop", "8,8,8"))
    assert "the portal does not answer in time" in line or "did not answer within 1.2 s" in line
    assert portal.entries() == [good.path.name]
    portal.records.misbehave = None


def test_a_server_that_is_not_there(portal, good, refused, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("CRYOET_PORTAL_GRAPHQL_URL", "http://127.0.0.1:9/graphql")
        line = refused(portal.run("tomograms", "--dataset", "10445"))
    assert "http://127.0.0.1:9/graphql: the portal cannot be reached" in line
    assert "CRYOET_PORTAL_GRAPHQL_URL" in line


def test_a_huge_answer_is_not_taken(portal, good, refused, monkeypatch):
    monkeypatch.setattr(portal_answers, "LARGEST_ANSWER", 3 << 20)
    sent = []

    def huge(request):
        request.send_response(200)
        request.end_headers()
        try:
            while len(sent) < 1000:
                request.wfile.write(b" " * (1 << 20))
                sent.append(1)
        except OSError:
            pass
        request.close_connection = True
        return True

    portal.records.misbehave = huge
    line = refused(portal.run("fetch", "--tomogram", "16463", "--crop", "8,8,8"))
    assert "sends more than 3 MB" in line
    assert len(sent) < 1000
    portal.records.misbehave = None


def test_errors_that_go_away_are_retried(portal):
    left = [503, 500, 502]

    def misbehave(request):
        if not left:
            return False
        answer(request, b"later", left.pop())
        return True

    portal.records.misbehave = misbehave
    assert portal.run("tomograms", "--dataset", "10445").exit_code == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sizeX": 0}, "has no voxels"),
        ({"sizeX": -1}, "its size_x is -1"),
        ({"sizeX": 2**31 - 1, "sizeY": 2**31 - 1}, "more voxels than any tomogram"),
        ({"voxelSpacing": -1.0}, "its voxel spacing is -1.0"),
        ({"voxelSpacing": 0.0}, "its voxel spacing is 0.0"),
        ({"s3OmezarrDir": "https://example.org/x.zarr"}, "is not a folder in S3"),
        ({"s3OmezarrDir": "s3://bucket"}, "is not a folder in S3"),
        ({"s3OmezarrDir": "s3://bucket/../../etc"}, "is not a folder in S3"),
        ({"s3OmezarrDir": "s3://b/a?versionId=x"}, "is not a folder in S3"),
        ({"s3OmezarrDir": "s3://bucket//x"}, "is not a folder in S3"),
        ({"s3OmezarrDir": "s3://bucket/a\nb"}, "is not a folder in S3"),
        ({"s3OmezarrDir": "file:///etc/passwd"}, "is not a folder in S3"),
        ({"s3OmezarrDir": f"s3://bucket/{'a' * 2000}"}, "is not a folder in S3"),
        ({"runId": 99}, "it has no run 99"),
    ],
    ids=str,
)
def test_a_record_that_cannot_be(portal, good, refused, changes, said):
    portal.records.tables["tomograms"][0].update(changes)
    line = refused(portal.run("fetch", "--tomogram", "16463", "--crop", "8,8,8"))
    assert said in line
    assert portal.proxy.counts.total() == 0
    assert portal.entries() == [good.path.name]


def test_a_server_that_ignores_what_is_asked_for_changes_nothing(portal, refused):
    """It answers with all it has: another tomogram than the one asked for is never taken."""
    portal.records.tables["runs"].append({**portal.records.tables["runs"][0], "id": 3, "name": "X"})
    portal.records.tables["tomograms"].append(
        {**portal.records.tables["tomograms"][0], "id": 5, "runId": 3}
    )

    def all_of_it(request):
        name = portal.records.question["query"].split("{", 1)[1].strip().split("(", 1)[0]
        rows = portal.records.tables.get(name, [])
        answer(request, json.dumps({"data": {name: rows}}).encode())
        return True

    portal.records.misbehave = all_of_it
    listed = portal.run("tomograms", "--dataset", "10445", "--run", "X").stdout
    assert "10445/X" in listed and "16463" not in listed
    assert "has no tomogram 77;" in refused(portal.run("fetch", "--tomogram", "77"))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CRYOET_PORTAL_GRAPHQL_URL", "file:///etc/passwd", "is not a URL"),
        ("CRYOET_PORTAL_GRAPHQL_URL", "http://[", "is not a URL"),
        ("CRYOET_PORTAL_TIMEOUT", "soon", "is not usable"),
        ("CRYOET_PORTAL_TIMEOUT", "0", "is not usable"),
        ("CRYOET_PORTAL_TIMEOUT", "nan", "is not usable"),
        ("CRYOET_PORTAL_ATTEMPTS", "1e9", "is not usable"),
    ],
)
def test_variables_that_are_not_usable(portal, refused, monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)
    line = refused(portal.run("fetch", "--tomogram", "16463"))
    assert said in line and variable in line
