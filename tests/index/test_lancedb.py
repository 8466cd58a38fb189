"""LanceDB as the engine: kills, locks, full disks, damaged stamps, injection, and the vector index."""

from __future__ import annotations

import dataclasses
import errno
import json
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from imagelore.errors import KnowledgeBaseError
from imagelore.index import Index, lancedb
from imagelore.index._columns import column_field, field_column
from imagelore.index.lancedb import calls, upkeep
from imagelore.index.lancedb.stamp import SCHEMA
from imagelore.settings import Settings
from imagelore.types import (
    AllOf,
    Calibration,
    Compare,
    Described,
    Filter,
    Line,
    Missing,
    Query,
    Record,
    Scope,
    Vectors,
)
from imagelore.where import parsed
from tests.contract.index_records import EMBEDDER, RECORDS, record, unit
from tests.index.filters import DECLARED, FACTS, FILTERS, holds
from tests.where.expressions import EXPRESSIONS, Expression

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    return tmp_path / "kb"


def make(kb: Path) -> Index:
    return lancedb.create(str(kb), EMBEDDER, Settings())


def reopen(kb: Path) -> Index:
    return lancedb.open(str(kb), Settings())


# ---------------------------------------------------------------- processes


WRITER = """
import sys
from imagelore.index import lancedb
from imagelore.settings import Settings
from tests.contract.index_records import EMBEDDER, record, unit
index = lancedb.create(sys.argv[1], EMBEDDER, Settings())
for n in range(int(sys.argv[2]), 10_000):
    index.upsert([record(f"{n:05}-{m}", title="boat", images={"joint": unit(n + 1, m)}) for m in range(5)])
    print(n, flush=True)
"""


def writer(kb: Path, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(kb), str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_killed_process_leaves_what_it_committed(kb: Path) -> None:
    told = -1
    for round in range(2):
        with writer(kb, told + 1) as process:
            assert process.stdout
            for line in process.stdout:
                told = int(line)
                if told >= 4 * (round + 1):
                    break
            time.sleep(0.007 * round)  # somewhere else in the next write each time
            process.send_signal(signal.SIGKILL)
            told = max([told, *map(int, process.stdout.read().split())])
        index = reopen(kb)
        ids = [r.id for r in index.browse(limit=1000)]
        assert len(ids) == len(set(ids)) == index.count()
        batches = {id.split("-")[0] for id in ids}
        assert len(ids) == 5 * len(batches), "a batch was written in part"
        assert {f"{n:05}" for n in range(told + 1)} <= batches
        assert len(index.rank(Query("boat"))[0].entries) == min(100, len(ids))
    index.upsert([record("after")])
    index.refresh()
    assert index.get(["after"])


def test_nothing_is_said_on_the_way(kb: Path) -> None:
    code = WRITER.replace("10_000", "3") + "index.refresh()\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(kb), "0"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr == ""


def test_two_processes_write_one_after_the_other(kb: Path) -> None:
    make(kb)
    with writer(kb, 0) as first, writer(kb, 5_000) as second:
        assert first.stdout
        assert second.stdout
        lines = [next(iter(first.stdout)), *(next(iter(second.stdout)) for _ in range(3)), next(iter(first.stdout))]
        first.kill()
        second.kill()
    assert [int(line) for line in lines] == [0, 5000, 5001, 5002, 1]
    assert {"00000-0", "00001-4", "05002-4"} <= {r.id for r in reopen(kb).browse(limit=10_000)}


def test_a_writer_that_keeps_the_lock_is_named(kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make(kb)
    monkeypatch.setattr(calls, "LOCK_SECONDS", 0.05)
    with calls.locked(str(kb)), pytest.raises(KnowledgeBaseError, match="another imagelore run is writing"):
        index.upsert(RECORDS)
    assert index.count() == 0
    index.upsert(RECORDS)
    assert index.count() == 3


FULL = """
import os, resource, sys
from imagelore.errors import KnowledgeBaseError
from imagelore.index import lancedb
from imagelore.settings import Settings
from tests.contract.index_records import EMBEDDER, RECORDS, record
index = lancedb.create(sys.argv[1], EMBEDDER, Settings())
index.upsert(RECORDS)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    index.upsert([record(f"big{n}", thumbnail=os.urandom(50_000)) for n in range(20)])
except KnowledgeBaseError as error:
    print(error)
print(index.count())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are Unix's")
def test_no_space_left(kb: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(kb)], capture_output=True, text=True, cwd=ROOT, check=True)
    told, count = done.stdout.splitlines()
    assert told.startswith("no space is left for the knowledge base at")
    assert count == "3"
    assert reopen(kb).count() == 3


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space is left"),
        (OSError(errno.EROFS, "Read-only file system"), "may not be read or written"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not be read or written"),
        (RuntimeError("lance error: Commit conflict for version 7"), "another imagelore run keeps writing"),
        (RuntimeError("lance error: Not found: kb/records.lance/data/x.lance"), "has lost files"),
        (ValueError("something\nnew"), r"does not work \(ValueError: something new\)"),
    ],
    ids=str,
)
def test_every_failure_is_one_line_of_ours(error: Exception, told: str) -> None:
    with pytest.raises(KnowledgeBaseError, match=told) as caught, calls.edge("kb"):
        raise error
    assert "\n" not in str(caught.value)
    assert "`kb`" in str(caught.value)


def test_reading_goes_on_while_another_handle_writes(kb: Path) -> None:
    index = make(kb)
    index.upsert([record(f"r{n:04}") for n in range(5000)])
    stream = reopen(kb).manifest("photos")
    seen = {next(stream)[0]}
    index.upsert([record("new")])
    index.delete(["r4999"])
    seen |= {id for id, *_ in stream}
    assert seen == {f"r{n:04}" for n in range(5000)}


# ---------------------------------------------------------------- what is there already


@pytest.mark.parametrize("content", ["missing", "empty", "other"])
def test_no_knowledge_base(kb: Path, content: str) -> None:
    if content != "missing":
        kb.mkdir()
    if content == "other":
        (kb / "holiday.jpg").write_bytes(b"")
    before = sorted(kb.parent.rglob("*"))
    with pytest.raises(KnowledgeBaseError, match="there is no knowledge base"):
        reopen(kb)
    assert sorted(kb.parent.rglob("*")) == before


def test_the_default_place_is_not_spelled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KnowledgeBaseError, match=r"`imagelore index FOLDER`$"):
        lancedb.open(Settings().kb, Settings())


@pytest.mark.parametrize("rest", ["://pix/pictures", "://u:s3cret@pix/x", "://pix/x?api-key=s3cret"])
@pytest.mark.parametrize("scheme", ["azuresearch", "Azure-Search", "https"])
def test_an_address_of_no_known_scheme_is_told_with_what_it_can_be(scheme: str, rest: str) -> None:
    for act in (lancedb.open, lancedb.exists, partial(lancedb.create, embedder=EMBEDDER)):
        with pytest.raises(KnowledgeBaseError, match=f"{scheme}://.*a folder .*azure-search://SERVICE/INDEX") as told:
            act(scheme + rest, settings=Settings())
        assert "s3cret" not in str(told.value)


def test_a_file_is_no_place(kb: Path) -> None:
    kb.write_text("")
    with pytest.raises(KnowledgeBaseError, match="is no folder"):
        make(kb)


def stamped(kb: Path, key: str, value: str) -> None:
    """Overwrites one value of the stamp behind the provider's back."""
    import lancedb as library

    library.connect(kb).open_table("stamp").update(where=f"key = '{key}'", values={"value": value})


def test_a_newer_schema_is_refused(kb: Path) -> None:
    make(kb)
    stamped(kb, "schema", "99")
    with pytest.raises(KnowledgeBaseError, match=r"newer imagelore.*pip install --upgrade imagelore"):
        reopen(kb)


@pytest.mark.parametrize(("key", "value"), [("schema", "x"), ("embedder", "{}"), ("embedder", "3"), ("sources", "{")])
def test_a_damaged_stamp_is_told(kb: Path, key: str, value: str) -> None:
    make(kb)
    stamped(kb, key, value)
    with pytest.raises(KnowledgeBaseError, match="damaged"):
        reopen(kb)


@pytest.mark.parametrize("value", ["3", "{}", '{"version": 9, "told": "otherwise"}', "null"])
def test_a_calibration_of_another_release_is_as_none(kb: Path, value: str) -> None:
    calibration = Calibration(1, 1, 1, 1, 0.0, {}, {"bare": (0.0,)})
    make(kb).calibrate(calibration)
    stamped(kb, "calibration", value)
    assert reopen(kb).calibration() is None
    reopen(kb).calibrate(calibration)
    assert reopen(kb).calibration() == calibration


@pytest.fixture
def earlier(kb: Path) -> Index:
    """`RECORDS` as they were stored before lines and descriptions."""
    import lancedb as library

    make(kb).upsert(RECORDS)
    late = ["lines", "described", "described_tags", "described_model"]
    library.connect(kb).open_table("records").drop_columns(late)
    stamped(kb, "schema", "1")
    return reopen(kb)


def test_what_an_earlier_release_made_is_read_and_says_what_it_lacks(earlier: Index) -> None:
    assert earlier.get(["a1", "b2", "c3"], vectors=True)[1].title == "A cat"
    with pytest.raises(KnowledgeBaseError, match=r"made before this imagelore.*imagelore index"):
        earlier.count(Scope(Missing("described")))
    assert earlier.info().schema == 1
    earlier.refresh()
    assert earlier.count(Scope(Missing("described"))) == 3


def test_what_an_earlier_release_made_grows_when_it_is_written_to(earlier: Index, kb: Path) -> None:
    told = record("d4", lines=(Line("Bakery", (0, 0, 1, 1)),), described=Described("A shop", ("street",), "m"))
    earlier.upsert([told])
    assert reopen(kb).get(["d4"]) == [told]
    assert earlier.info().schema == SCHEMA
    assert earlier.count(Scope(Missing("described"))) == 3
    assert earlier.get(["a1"])[0].described == Described()


def test_lost_files_are_told(kb: Path) -> None:
    index = make(kb)
    index.upsert(RECORDS)
    for path in (kb / "records.lance" / "data").iterdir():
        path.unlink()
    with pytest.raises(KnowledgeBaseError, match=r"has lost files|does not work"):
        reopen(kb).get(["a1"])


def test_a_half_made_one_is_made_anew(kb: Path) -> None:
    make(kb)
    for path in (kb / "stamp.lance" / "_versions").iterdir():
        path.unlink()
    index = make(kb)
    index.upsert(RECORDS)
    assert index.count() == 3


# ---------------------------------------------------------------- filters


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index for `test_filters_mean_what_they_mean_in_python`, emptied by each example."""
    index = make(tmp_path_factory.mktemp("filters") / "kb")
    index.declare(DECLARED)
    return index


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.fixed_dictionaries({}, optional=FACTS), min_size=1, max_size=4),
    st.lists(FILTERS, min_size=5, max_size=9),
    st.lists(EXPRESSIONS, min_size=5, max_size=9),
)
def test_filters_mean_what_they_mean_in_python(
    filtered: Index, facts: list[dict[str, Any]], filters: list[Filter], expressions: list[Expression]
) -> None:
    rows = [record(f"r{n}", **own) for n, own in enumerate(facts)]
    filtered.upsert([*rows, *(record(f"r{n}", source="gone") for n in range(len(rows), 4))])
    mine = Compare("source", "=", "photos")
    for filter in filters:
        expected = [row.id for row in rows if holds(filter, row)]
        assert [r.id for r in filtered.browse(Scope(AllOf((mine, filter))))] == expected
    for expression in expressions:
        expected = [row.id for row in rows if expression.test(row)]
        assert [r.id for r in filtered.browse(Scope(AllOf((mine, parsed(expression.text, DECLARED)))))] == expected
    assert filtered.get([row.id for row in rows]) == rows


@given(st.lists(st.text(max_size=12), max_size=6, unique=True))
def test_column_names_are_plain_and_never_collide(names: list[str]) -> None:
    columns = [field_column(name) for name in names]
    assert [column_field(column) for column in columns] == names
    assert len({column.lower() for column in columns}) == len(names)
    assert all(set(column) <= set("abcdefghijklmnopqrstuvwxyz0123456789_") for column in columns)


# ---------------------------------------------------------------- the vector index


def clustered(count: int) -> Vectors:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(20, 8))
    rows = centres[rng.integers(20, size=count)] + 0.5 * rng.normal(size=(count, 8))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def low_threshold(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(upkeep, "INDEXED_ROWS", 600)
    return 600


def pictured(vectors: Vectors, first: int = 0) -> list[Record]:
    return [record(f"v{first + n:04}", width=n % 7, images={"joint": row}) for n, row in enumerate(vectors)]


def test_past_the_threshold_a_vector_index_is_built(kb: Path, low_threshold: int) -> None:
    index = make(kb)
    vectors = clustered(low_threshold)
    index.upsert(pictured(vectors[:-1]))
    index.refresh()
    assert index.info().details["vector_search"] == "exact"
    index.upsert(pictured(vectors))
    index.refresh()
    details = index.info().details
    assert "Rq" in details["vector_search"]
    assert details["unindexed"] == 0


def test_dimensions_that_cannot_be_quantised_are_indexed_whole(kb: Path, low_threshold: int) -> None:
    index = make(kb)
    looks = clustered(low_threshold)[:, :4]
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    index.upsert([record(f"v{n:04}", images={"look": row}) for n, row in enumerate(looks)])
    index.refresh()
    assert "Flat" in index.info().details["vector_search"]
    (look,) = index.rank(Query(images={"look": looks[7:8]}, depth=10))
    assert look.entries[0][0] == "v0007"
    assert look.entries[0][1] == pytest.approx(1, abs=1e-3)


def test_the_vector_index_agrees_with_an_exact_scan(kb: Path, low_threshold: int) -> None:
    index = make(kb)
    vectors = clustered(2000)
    index.upsert([*pictured(vectors), *(record(f"none{n}") for n in range(50))])
    index.refresh()
    shares = []
    for query in clustered(40)[::-1]:
        for scope, allowed in ((Scope(), np.arange(2000)), (Scope(Compare("width", "=", 3)), np.arange(3, 2000, 7))):
            ranking = next(r for r in index.rank(Query(texts={"joint": query}), scope) if r.name == "image")
            best = allowed[np.argsort(-(vectors[allowed] @ query))[:10]]
            found = [id for id, _ in ranking.entries[:10]]
            shares.append(len({f"v{n:04}" for n in best} & set(found)) / 10)
            assert ranking.entries[0][1] == pytest.approx(float(vectors[int(found[0][1:])] @ query), abs=1e-4)
    assert np.mean(shares) >= 0.95


def test_rows_newer_than_the_index_are_found(kb: Path, low_threshold: int) -> None:
    index = make(kb)
    index.upsert(pictured(clustered(low_threshold)))
    index.refresh()
    index.upsert([record("late", title="Zeppelin", images={"joint": unit(1, 2, 3)}), *pictured(clustered(3))])
    index.delete(["v0005"])
    meaning = Query("zeppelin", {"joint": unit(1, 2, 3)}, depth=5)
    for _ in range(2):
        found = {r.name: [id for id, _ in r.entries] for r in index.rank(meaning)}
        assert found["text"] == ["late"]
        assert found["image"][0] == "late"
        assert "v0005" not in [r.id for r in index.browse(limit=1000)]
        index.refresh()


def test_parts_are_found_by_an_index_over_parents_too(kb: Path, low_threshold: int) -> None:
    index = make(kb)
    index.upsert(pictured(clustered(low_threshold)))
    index.upsert([record(f"doc{n % 20}-{n}", parent=f"doc{n % 20}", version=str(n % 2)) for n in range(200)])
    index.refresh()
    index.upsert([record("doc7-late", parent="doc7", version="0"), record("doc8-late", parent="doc8", version="0")])
    index.trim("doc7", "1", "d")
    index.delete(["doc8"])
    left = [id for id, _, _, parent in index.manifest("photos") if parent in ("doc7", "doc8")]
    assert sorted(left) == sorted(f"doc7-{n}" for n in range(200) if n % 20 == 7)
    assert index.count() == low_threshold + 200 - 10


def test_refreshing_again_does_nothing(kb: Path, low_threshold: int) -> None:
    index = make(kb)
    index.upsert(pictured(clustered(low_threshold)))
    index.refresh()
    before = {path: path.stat().st_mtime_ns for path in kb.rglob("*") if path.is_file()}
    index.refresh()
    assert {path: path.stat().st_mtime_ns for path in kb.rglob("*") if path.is_file()} == before


def test_a_grown_table_is_trained_again(kb: Path, low_threshold: int, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make(kb)
    vectors = clustered(1800)
    index.upsert(pictured(vectors[:600]))
    index.refresh()
    first = trained(kb)
    monkeypatch.setattr(upkeep, "GROWTH", 2.0)
    index.upsert(pictured(vectors[600:1100], 600))
    index.refresh()
    assert trained(kb) == first
    index.upsert(pictured(vectors[1100:], 1100))
    index.refresh()
    assert trained(kb)["image_joint"] == 1800


def trained(kb: Path) -> dict[str, int]:
    import lancedb as library

    rows = library.connect(kb).open_table("stamp").search().where("key = 'trained'").to_list()
    return dict(json.loads(rows[0]["value"]))


def test_a_vector_of_another_length_is_refused(kb: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="image_joint"):
        make(kb).upsert([record("bad", images={"joint": unit(1, dimensions=4)})])


def test_an_empty_vector_is_none(kb: Path) -> None:
    index = make(kb)
    zeros = np.zeros(8, np.float32)
    index.upsert([dataclasses.replace(RECORDS[0], images={"joint": zeros}, texts={"joint": zeros * np.nan})])
    assert index.get(["a1"], vectors=True)[0].images == {}
