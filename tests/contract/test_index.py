"""What every index promises, whatever stores it."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from imagelore.errors import KnowledgeBaseError, MismatchError, UsageError
from imagelore.index import Index, azure_search, lancedb
from imagelore.settings import Settings
from imagelore.types import (
    AllOf,
    AnyOf,
    Calibration,
    Compare,
    Described,
    EmbedderInfo,
    Facet,
    Filter,
    Line,
    Mentions,
    Missing,
    Not,
    Query,
    Ranking,
    Record,
    Scope,
    Seen,
    SourceInfo,
)
from imagelore.where import parsed
from imagelore.where.grammar import DEEPEST
from tests.contract.index_records import BARE, BOAT, CAT, EMBEDDER, RECORDS, look, record, unit
from tests.fakes.search_server import FakeSearch
from tests.index.filters import holds


@dataclasses.dataclass(frozen=True)
class Place:
    """A provider, and an address where it holds nothing yet."""

    provider: ModuleType
    address: str
    settings: Settings = Settings()

    def create(self, embedder: EmbedderInfo = EMBEDDER) -> Index:
        index: Index = self.provider.create(self.address, embedder, self.settings)
        return index

    def open(self) -> Index:
        index: Index = self.provider.open(self.address, self.settings)
        return index

    def exists(self) -> bool:
        return bool(self.provider.exists(self.address, self.settings))


@pytest.fixture(params=["lancedb", "azure_search"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "lancedb":
        return Place(lancedb, str(tmp_path / "kb"))
    server: FakeSearch = request.getfixturevalue("search_server")
    server.delay = 0.0  # but in the test of `refresh`: a service may, and need not, show a write at once
    settings = Settings(azure_search_endpoint=server.url, azure_search_key=server.admin_key)
    return Place(azure_search, "azure-search:///pictures", settings)


@pytest.fixture
def index(place: Place) -> Index:
    """An index that holds `RECORDS`."""
    made = place.create()
    made.upsert(RECORDS)
    return made


def ids(ranking: Ranking) -> list[str]:
    return [id for id, _ in ranking.entries]


def ranked(index: Index, query: Query, scope: Scope = Scope()) -> dict[str, list[str]]:
    return {ranking.name: ids(ranking) for ranking in index.rank(query, scope)}


def test_opening_nothing_says_how_to_make_one_and_makes_nothing(place: Place) -> None:
    with pytest.raises(KnowledgeBaseError, match="imagelore index FOLDER --kb"):
        place.open()
    assert not place.exists()


def test_the_stamp_survives(place: Place) -> None:
    made = place.create()
    made.remember(SourceInfo("photos", "/old"))
    made.remember(SourceInfo("scans", "/scans"))
    made.remember(SourceInfo("photos", "/new"))
    info = place.open().info()
    assert (info.embedder, info.records, info.address) == (EMBEDDER, 0, place.address)
    assert set(info.sources) == {SourceInfo("photos", "/new"), SourceInfo("scans", "/scans")}


CALIBRATION = Calibration(
    1, 12, 5, 7, 0.25, {"meaning": (0.3125, 0.0625)}, {"described": (-1.5, 2.0, 0.75), "bare": (-2.0, 1.0)}
)


def test_a_calibration_is_kept_until_the_next(place: Place) -> None:
    made = place.create()
    assert (made.calibration(), made.info().calibration) == (None, None)
    for calibration in (CALIBRATION, dataclasses.replace(CALIBRATION, records=13)):
        made.calibrate(calibration)
        assert made.calibration() == made.info().calibration == calibration
        assert place.open().calibration() == calibration
    made.remember(SourceInfo("photos", "/here"))
    assert place.open().info().sources == (SourceInfo("photos", "/here"),)
    assert place.open().info().calibration == dataclasses.replace(CALIBRATION, records=13)


def test_creating_again_opens(place: Place, index: Index) -> None:
    assert place.exists()
    assert place.create().count() == len(RECORDS) == index.info().records


def test_another_embedder_is_refused_with_what_to_run(place: Place, index: Index) -> None:
    other = dataclasses.replace(EMBEDDER, name="clip:b32")
    with pytest.raises(MismatchError, match=r"`fake`.*`clip:b32`.*--kb OTHER"):
        place.create(other)


def test_a_faster_version_of_the_same_embedder_is_no_other(place: Place, index: Index) -> None:
    place.create(dataclasses.replace(EMBEDDER, batch=64))


LINES = (
    Line("Straße \U0001f600 'quoted' \\ \"x\"", (0.0, 0.12345, 1.0, 0.2)),
    Line("", (-0.5, 1.5, 0.25, 0.33333)),
    Line("船\u2028 a\nb\x00", (1e-05, 0.0, 0.0, 0.0)),
)


def full() -> Record:
    return record(
        "full",
        title="Ein \ud83d\ude00 title".encode("utf-16", "surrogatepass").decode("utf-16"),
        text='it\'s "quoted"; \\ and\nbroken',
        tags=("a'b", "ünï"),
        seen=Seen((("cat", 0.25),), ("red",)),
        groups=("staff",),
        taken_at=datetime(1999, 12, 31, 23, 59, 59, 123456),
        width=3,
        height=2,
        sha256="ab" * 32,
        phash="00ff",
        thumbnail=b"\xff\xd8jpeg",
        parent="p",
        place="page 3",
        lines=LINES,
        described=Described('a red \U0001f98a; \\ "so"', ("fox", "ünï", "it's"), "model/π:1"),
        fields={
            "Year": 1871,
            "year": 1872,
            "price (€)": 2.5,
            "年": "明治",
            "is_sold": False,
            "acquired": date(1905, 2, 3),
            "materials": ("oil", "canvas"),
        },
        extra={"Year": "c. 1870"},
        images={"joint": unit(1, 2), "look": look(3)},
        texts={"joint": unit(2, 1)},
    )


def test_a_record_comes_back_whole(place: Place) -> None:
    index = place.create()
    kinds = {"Year": "integer", "year": "integer", "price (€)": "number", "年": "text"} | {
        "is_sold": "boolean", "acquired": "date", "materials": "texts"
    }  # fmt: skip
    index.declare(kinds)  # type: ignore[arg-type]
    index.upsert([full()])
    found = place.open().get(["full"], vectors=True)[0]
    assert {name: vector.tolist() for name, vector in found.images.items()} == {
        name: vector.tolist() for name, vector in full().images.items()
    }
    assert np.array_equal(found.texts["joint"], full().texts["joint"])
    assert dataclasses.replace(found, images={}, texts={}) == dataclasses.replace(full(), images={}, texts={})
    assert index.get(["full"])[0].images == {}
    assert index.info().fields == kinds


def test_a_bare_record_comes_back_bare(place: Place) -> None:
    index = place.create()
    index.declare({"year": "integer"})
    index.upsert([record("bare")])
    assert index.get(["bare"], vectors=True) == [record("bare")]


def test_text_that_no_encoding_holds_is_mended(place: Place) -> None:
    index = place.create()
    index.upsert([record("odd", title="half \ud800 a pair", text="nul \x00 inside")])
    assert index.get(["odd"])[0].title == "half ? a pair"


def test_writing_twice_changes_nothing(index: Index) -> None:
    index.upsert([*RECORDS, BOAT])
    assert index.count() == len(RECORDS)
    assert [r.title for r in index.get(["a1"])] == ["Two boats"]


def test_the_last_of_equal_ids_stays(index: Index) -> None:
    index.upsert([dataclasses.replace(CAT, title="First"), dataclasses.replace(CAT, title="Second")])
    assert index.get(["b2"])[0].title == "Second"
    assert index.count() == len(RECORDS)


def test_after_refresh_every_write_is_seen(place: Place, request: pytest.FixtureRequest) -> None:
    index = place.create()
    if place.provider is azure_search:
        request.getfixturevalue("search_server").delay = 0.1
    index.upsert(RECORDS)
    index.upsert([dataclasses.replace(BOAT, title="Three boats")])
    index.delete(["c3"])
    assert index.refresh() == ""
    assert [(r.id, r.title) for r in place.open().browse()] == [("a1", "Three boats"), ("b2", "A cat")]


def test_nothing_to_write_is_no_error(index: Index) -> None:
    index.upsert([])
    index.delete([])
    assert index.get([]) == []
    assert index.find([]) == {}


def test_delete(index: Index) -> None:
    index.delete(["a1", "unknown", "it's"])
    assert [r.id for r in index.browse()] == ["b2", "c3"]
    assert "a1" not in ranked(index, Query("boats"))["text"]


def test_get_keeps_the_order_and_leaves_out_the_unknown(index: Index) -> None:
    assert [r.id for r in index.get(["c3", "nobody", "a1"])] == ["c3", "a1"]
    assert [r.id for r in index.get(["c3", "a1"], Scope(Compare("width", "=", 640)))] == ["a1"]


def test_a_declared_field_keeps_its_type(index: Index) -> None:
    index.declare({"year": "integer"})
    index.declare({"year": "text", "place": "text"})
    assert index.info().fields == index.fields() == {"year": "integer", "place": "text"}


def test_a_field_nobody_declared_is_refused(index: Index) -> None:
    with pytest.raises(KnowledgeBaseError, match="year"):
        index.upsert([record("d4", fields={"year": 1})])


def test_manifest_is_of_one_source(index: Index) -> None:
    index.upsert([record("x", source="o'ther", version="7", digest="q")])
    assert list(index.manifest("o'ther")) == [("x", "7", "q", "")]
    assert sorted(index.manifest("photos")) == [(id, "1", "d", "") for id in ("a1", "b2", "c3")]
    assert list(index.manifest("nobody")) == []


def test_find_by_content(index: Index) -> None:
    index.upsert([record("y", sha256="aa"), record("x", sha256="aa"), record("z", sha256="bb")])
    assert index.find(["aa", "bb", "cc"]) == {"aa": "x", "bb": "z"}


# ---------------------------------------------------------------- documents, text in pictures, descriptions


def page(parent: str, number: int, version: str = "1", digest: str = "d", **facts: Any) -> Record:
    """A page of a document but its first, which is the document's own record."""
    place = {"path": f"{parent}.pdf", "parent": parent, "place": f"page {number}"}
    return record(f"{parent}-{number}", version=version, digest=digest, **(place | facts))


@pytest.fixture
def documents(index: Index) -> Index:
    """Two documents of three pages, beside `RECORDS`."""
    heads = [record(id, path=f"{id}.pdf", place="page 1") for id in ("it's", "doc")]
    index.upsert([*heads, *(page(head.id, number) for head in heads for number in (2, 3))])
    return index


def test_the_parts_of_a_document_go_with_it(documents: Index) -> None:
    documents.delete(["it's", "unknown"])
    assert [r.id for r in documents.browse()] == ["a1", "b2", "c3", "doc", "doc-2", "doc-3"]
    documents.delete(["doc-2"])
    assert [r.id for r in documents.browse()] == ["a1", "b2", "c3", "doc", "doc-3"]


def test_a_part_written_just_now_goes_with_its_document(documents: Index, request: pytest.FixtureRequest) -> None:
    documents.refresh()
    if "azure_search" in request.node.name:  # nothing that follows is seen by a read meanwhile
        request.getfixturevalue("search_server").delay = 60.0
    documents.upsert([page("doc", 4), page("doc", 2, version="2")])
    documents.trim("doc", "2", "d")
    documents.delete(["it's"])
    if "azure_search" in request.node.name:
        server: FakeSearch = request.getfixturevalue("search_server")
        assert set(server.indexes["pictures"].documents.newest) == {"a1", "b2", "c3", "doc", "doc-2"}
    else:
        assert [r.id for r in documents.browse()] == ["a1", "b2", "c3", "doc", "doc-2"]


def test_trim_leaves_a_document_as_it_is_now(documents: Index) -> None:
    documents.upsert([page("doc", 2, version="2"), page("doc", 4, version="2", digest="e")])
    documents.trim("doc", "2", "d")
    assert [r.id for r in documents.browse()] == ["a1", "b2", "c3", "doc", "doc-2", "it's", "it's-2", "it's-3"]
    documents.trim("it's", "1", "d")
    documents.trim("nobody", "1", "d")
    documents.trim("", "9", "x")
    assert documents.count() == 8
    documents.trim("it's", "1", "")
    assert [r.id for r in documents.browse(after="it's")] == []


def test_the_manifest_names_the_parent(documents: Index) -> None:
    parents = {id: parent for id, _, _, parent in documents.manifest("photos")}
    assert parents == {"a1": "", "b2": "", "c3": "", "doc": "", "it's": ""} | {
        f"{id}-{number}": id for id in ("doc", "it's") for number in (2, 3)
    }


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (Compare("path", "=", "doc.pdf"), ["doc", "doc-2", "doc-3"]),
        (Compare("parent", "=", "it's"), ["it's-2", "it's-3"]),
        (Missing("parent"), ["a1", "b2", "c3", "doc", "it's"]),
        (Compare("place", "=", "page 2"), ["doc-2", "it's-2"]),
        (Compare("place", "prefix", "page"), ["doc", "doc-2", "doc-3", "it's", "it's-2", "it's-3"]),
        (Not(Missing("described")), ["b2"]),
        (Compare("described", "prefix", "A cat"), ["b2"]),
    ],
    ids=str,
)
def test_places_and_descriptions_narrow(documents: Index, filter: Filter, found: list[str]) -> None:
    documents.upsert([dataclasses.replace(CAT, described=Described("A cat asleep", (), "m"))])
    assert [r.id for r in documents.browse(Scope(filter))] == found
    assert documents.count(Scope(filter)) == len(found)


def test_a_users_field_named_like_the_records_own_hides_nothing(documents: Index) -> None:
    documents.declare({"place": "text"})
    documents.upsert([dataclasses.replace(CAT, fields={"place": "page 2"})])
    narrowed = {wanted: documents.browse(Scope(Compare(wanted, "=", "page 2"))) for wanted in ("place", ".place")}
    assert {name: [r.id for r in found] for name, found in narrowed.items()} == {
        "place": [CAT.id],
        ".place": ["doc-2", "it's-2"],
    }
    assert documents.count(Scope(Not(Missing(".place")))) == 6


def test_parts_count_as_records(documents: Index) -> None:
    documents.upsert([page("doc", 2, tags=("invoice",))])
    assert documents.count() == documents.info().records == 9
    (tags,) = documents.facets()
    assert ("invoice", 1) in tags.values


def test_a_page_of_many_lines_comes_back_whole(index: Index) -> None:
    lines = tuple(Line(f"line {n} of the ledger", (0.1, n / 5000, 0.9, (n + 1) / 5000)) for n in range(5_000))
    index.upsert([record("long", lines=lines)])
    assert index.get(["long"])[0].lines == lines
    assert ranked(index, Query("ledgers"))["text"] == ["long"]
    index.upsert([record("long")])
    assert index.get(["long"])[0].lines == ()
    assert ranked(index, Query("ledgers"))["text"] == []


def test_boxes_are_kept_as_finite_numbers(index: Index) -> None:
    odd = (float(np.float32(0.5)), float("nan"), float("inf"), 1 / 3)
    index.upsert([record("odd", lines=(Line("half \ud800", odd),))])
    (line,) = index.get(["odd"])[0].lines
    assert line == Line("half ?", (0.5, 0.0, 0.0, 0.33333))


def test_text_in_a_picture_and_a_models_words_are_found(index: Index) -> None:
    read = record("read", lines=(Line("Bakery", (0, 0, 1, 0.1)), Line("open daily", (0, 0.1, 1, 0.2))))
    told = record("told", described=Described("A windmill by a canal", ("dusk",), "m"))
    index.upsert([read, told])
    for word, found in (("bakeries", "read"), ("daily", "read"), ("windmills", "told"), ("dusk", "told")):
        assert ranked(index, Query(word))["text"] == [found]
        assert [r.id for r in index.browse(Scope(Mentions(word)))] == [found]


def test_a_title_weighs_more_than_a_word_of_a_long_page(index: Index) -> None:
    rest = tuple(Line(f"word{n} " * 10, (0, 0, 1, 1)) for n in range(300))
    lines = (*rest[:150], Line("the turbine", (0, 0, 1, 1)), *rest[150:])
    index.upsert([record("body", title="Yearly report", lines=lines), record("head", title="A turbine", lines=rest)])
    assert ranked(index, Query("turbine"))["text"] == ["head", "body"]


# ---------------------------------------------------------------- rankings


def test_full_text_finds_words_in_any_form(index: Index) -> None:
    assert ranked(index, Query("a boat"))["text"] == ["a1", "c3"]
    assert ranked(index, Query("sleeping"))["text"] == ["b2"]
    assert ranked(index, Query("DAWN"))["text"] == ["a1"]  # a tag
    assert ranked(index, Query("harbour"))["text"] == ["c3"]  # a folder's name


def test_what_was_seen_is_a_ranking_of_its_own(index: Index) -> None:
    found = ranked(index, Query("orange tabby"))
    assert found["seen"] == ["b2"]
    assert found["text"] == []


def test_vectors_rank_by_cosine(index: Index) -> None:
    rankings = {r.name: r for r in index.rank(Query(texts={"joint": unit(1, 0)}))}
    assert set(rankings) == {"meaning", "image"}
    assert ids(rankings["meaning"]) == ["a1", "b2"]  # one record has no text
    assert ids(rankings["image"]) == ["a1", "c3", "b2"]
    best = rankings["image"].entries[0][1]
    assert best == pytest.approx(float(BOAT.images["joint"] @ unit(1, 0)), abs=1e-5)


def test_pictures_are_compared_in_the_space_for_pictures(index: Index) -> None:
    shown = {"look": look(0, 1)[None], "joint": unit(1, 0)[None]}
    assert ranked(index, Query(images=shown)) == {"look": ["b2", "c3", "a1"]}


def test_of_several_pictures_the_best_counts(index: Index) -> None:
    (ranking,) = index.rank(Query(images={"look": np.stack([look(0, 1), look(1, 0)])}))
    assert dict(ranking.entries) == pytest.approx({"a1": 1.0, "b2": 1.0, "c3": 0.7071}, abs=1e-3)


def test_a_ranking_is_sorted_cut_and_settles_ties_by_id(index: Index) -> None:
    index.upsert([dataclasses.replace(BARE, id=f"t{n}") for n in range(9)])
    for ranking in index.rank(Query("boat house", {"joint": unit(1, 0)}, {"look": look(1)[None]}, depth=5)):
        assert list(ranking.entries) == sorted(ranking.entries, key=lambda entry: (-entry[1], entry[0]))
        assert len(ranking.entries) <= 5


def test_scope_comes_before_the_cut(index: Index) -> None:
    query = Query("boats sleeps", {"joint": unit(1, 0)}, {"look": look(1)[None]}, depth=1)
    found = ranked(index, query, Scope(Compare("tags", "=", "animal")))
    assert found == {"text": ["b2"], "seen": [], "meaning": ["b2"], "image": ["b2"], "look": ["b2"]}


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "?!", "\x00", "'", '"', "boat' OR 1=1 --", '"unclosed', "title:boat AND (",
        "boat^5 +cat -dog ~2 [a TO",
        "*", "\\", "\ud800", "the of and", "boat " * 20_000, "x" * 100_000, "🚢" * 50, "船", "a/b\\c{}|&^%$#@",
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_no_question_is_syntax(index: Index, text: str) -> None:
    for ranking in index.rank(Query(text)):
        assert set(ids(ranking)) <= {"a1", "b2", "c3"}
    if text.startswith(("boat", '"unclosed', "title")) and "boat" in text:
        assert "a1" in ranked(index, Query(text))["text"]


def test_an_empty_question_has_no_rankings(index: Index) -> None:
    assert index.rank(Query()) == []
    assert index.rank(Query("  ", {"joint": np.zeros(8, np.float32)})) == []


def test_an_empty_index_ranks_nothing(place: Place) -> None:
    index = place.create()
    found = ranked(index, Query("boat", {"joint": unit(1)}, {"look": look(1)[None]}))
    assert not any(found.values())
    assert index.browse() == []
    assert index.facets() == [Facet("tags", "texts")]
    index.refresh()


def test_what_is_written_is_found_before_and_after_refresh(place: Place, index: Index) -> None:
    query = Query("boat", {"joint": unit(1, 0)}, {"look": look(1)[None]})
    index.refresh()
    index.upsert([dataclasses.replace(BOAT, id="late", title="A boat boat boat")])
    before = index.rank(query)
    assert all("late" in ids(r) for r in before if r.name != "seen")
    index.refresh()
    index.refresh()
    assert {r.name: set(ids(r)) for r in index.rank(query)} == {r.name: set(ids(r)) for r in before}


def test_another_reader_sees_new_records(place: Place, index: Index) -> None:
    reader = place.open()
    assert reader.count() == 3
    index.declare({"year": "integer"})
    index.upsert([record("late", title="Zeppelin", fields={"year": 1931})])
    assert reader.count() == 4
    assert ranked(reader, Query("zeppelin"))["text"] == ["late"]
    assert reader.get(["late"])[0].fields == {"year": 1931}
    assert reader.count(Scope(Compare("year", "=", 1931))) == 1


# ---------------------------------------------------------------- scopes


@pytest.fixture
def dated(place: Place) -> Index:
    """Records p0 .. p4 with fields of every type; p4 has none."""
    index = place.create()
    index.declare({"year": "integer", "price": "number", "who": "text", "sold": "boolean"})
    index.declare({"acquired": "date", "materials": "texts"})
    values = [
        {"year": 1900 + n, "price": n / 2, "who": ["Ann", "O'Neil", "ann", "Zoë"][n], "sold": n % 2 == 0}
        | {"acquired": date(2020, 1, 1 + n), "materials": ("oil", "canvas")[: 1 + n % 2]}
        for n in range(4)
    ]
    days = [datetime(2024, 5, 1, 0, 0), datetime(2024, 5, 1, 23, 59, 59), datetime(2024, 5, 2), datetime(2023, 1, 1)]
    index.upsert(
        [
            record(f"p{n}", fields=values[n], taken_at=days[n], tags=("all", f"t{n}"), title=f"Boats {n}", width=n + 1)
            for n in range(4)
        ]
        + [record("p4")]
    )
    return index


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (Compare("year", "=", 1901), "1"),
        (Compare("year", "<", 1901.5), "01"),
        (Compare("year", ">=", 1901.5), "23"),
        (Compare("year", "=", 1901.5), ""),
        (Compare("year", "between", (1901, 1902)), "12"),
        (Compare("year", "<", 10**30), "0123"),
        (Compare("year", ">", 10**30), ""),
        (Compare("year", ">", -(2**63)), "0123"),
        (Compare("price", ">", 0.5), "23"),
        (Compare("price", "=", 1), "2"),
        (Compare("price", "<=", 1e300), "0123"),
        (Compare("who", "=", "O'Neil"), "1"),
        (Compare("who", "=", "Zoë"), "3"),
        (Compare("who", "between", ("A", "P")), "01"),
        (Compare("sold", "=", True), "02"),
        (Compare("sold", "=", False), "13"),
        (Compare("acquired", "<=", date(2020, 1, 2)), "01"),
        (Compare("acquired", "between", (date(2020, 1, 2), date(2020, 1, 3))), "12"),
        (Compare("materials", "=", "canvas"), "13"),
        (Compare("tags", "=", "t2"), "2"),
        (Compare("tags", "=", ("all", "t2")), "2"),
        (Compare("taken_at", "=", date(2024, 5, 1)), "01"),
        (Compare("taken_at", "<=", date(2024, 5, 1)), "013"),
        (Compare("taken_at", ">", date(2024, 5, 1)), "2"),
        (Compare("taken_at", ">", datetime(2024, 5, 1, 12)), "12"),
        (Compare("taken_at", "between", (date(2024, 1, 1), date(2024, 12, 31))), "012"),
        (Compare("title", "=", "Boats 3"), "3"),
        (Compare("title", "<", "Boats 1"), "0"),
        (Compare("path", "=", "p4.jpg"), "4"),
        (Compare("source", "=", "photos"), "01234"),
        (Compare("width", "<", 3), "01"),
        (Compare("year", "!=", 1901), "023"),
        (Compare("year", "!=", 1901.5), "0123"),
        (Compare("year", "!=", 10**30), "0123"),
        (Compare("price", "!=", 0), "123"),
        (Compare("who", "!=", "O'Neil"), "023"),
        (Compare("sold", "!=", True), "13"),
        (Compare("acquired", "!=", date(2020, 1, 2)), "023"),
        (Compare("materials", "!=", "canvas"), "02"),
        (Compare("tags", "!=", ("all", "t2")), "013"),
        (Compare("taken_at", "!=", date(2024, 5, 1)), "23"),
        (Compare("who", "prefix", "O'"), "1"),
        (Compare("who", "prefix", "a"), "2"),
        (Compare("who", "prefix", "Zoë"), "3"),
        (Compare("who", "prefix", ""), "0123"),
        (Compare("title", "prefix", "Boats "), "0123"),
        (Compare("title", "prefix", "%"), ""),
        (Compare("path", "prefix", "p"), "01234"),
        (Missing("year"), "4"),
        (Missing("who"), "4"),
        (Missing("materials"), "4"),
        (Missing("tags"), "4"),
        (Missing("taken_at"), "4"),
        (Missing("title"), "4"),
        (Missing("width"), "4"),
        (Not(Missing("tags")), "0123"),
        (Not(Compare("year", ">", 1901)), "014"),
        (Not(Compare("year", "!=", 1901)), "14"),
        (Not(Compare("year", "=", 1901.5)), "01234"),
        (Not(Compare("year", "<", 10**30)), "4"),
        (Not(Compare("sold", "=", True)), "134"),
        (Not(Compare("who", "prefix", "A")), "1234"),
        (Not(Compare("tags", "=", "t2")), "0134"),
        (Not(Compare("tags", "!=", "t2")), "24"),
        (Not(Compare("taken_at", "=", date(2024, 5, 1))), "234"),
        (Not(Mentions("boat")), "4"),
        (Not(Mentions("")), "01234"),
        (Not(AnyOf((Compare("who", "=", "Ann"), Compare("who", "=", "ann"), Missing("who")))), "13"),
        (Not(AnyOf((Compare("tags", "=", "t0"), Compare("tags", "=", "t3"), Compare("sold", "=", False)))), "24"),
        (Not(AllOf((Compare("sold", "=", True), Not(Compare("year", ">", 1900))))), "1234"),
        (Not(AllOf(())), ""),
        (Not(AnyOf(())), "01234"),
        (Mentions("boat"), "0123"),
        (Mentions("BOATS"), "0123"),
        (Mentions("oat"), ""),
        (Mentions("canvases"), "13"),
        (Mentions("oneil"), ""),
        (Mentions("O'Neil"), "1"),
        (Mentions("zoe"), "3"),
        (Mentions("' OR 1=1"), ""),
        (Mentions(""), ""),
        (AllOf((Compare("sold", "=", True), Compare("year", ">", 1900))), "2"),
        (AnyOf((Compare("year", "=", 1900), Compare("tags", "=", "t3"))), "03"),
        (AllOf(()), "01234"),
        (AnyOf(()), ""),
    ],
    ids=str,
)
def test_filters(dated: Index, filter: Filter, found: str) -> None:
    scope = Scope(filter)
    expected = [f"p{n}" for n in found]
    assert [r.id for r in dated.browse(scope)] == expected
    assert dated.count(scope) == len(expected)


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        (Compare("yeer", "=", 1), "`year`"),
        (Compare("id", "=", "p0"), "no field 'id'"),
        (Compare("1=1 --", "=", 1), "no field"),
        (Compare("year", "=", "old"), "a number"),
        (Compare("year", "=", True), "a number"),
        (Compare("price", "<", float("nan")), "a number"),
        (Compare("who", "=", 3), "a text"),
        (Compare("who", "prefix", 3), "a text"),
        (Compare("year", "!=", "old"), "a number"),
        (Compare("year", "prefix", 19), "operators =, !=, <, <=, >, >=, between only"),
        (Compare("year", "> 0 or", 19), "operators"),  # type: ignore[arg-type]
        (Missing("yeer"), "`year`"),
        (Not(Compare("yeer", "=", 1)), "`year`"),
        (Compare("sold", "<", True), "=, != only"),
        (Compare("tags", ">", "a"), "=, != only"),
        (Compare("acquired", "=", "2020-01-01"), "a date"),
        (Compare("year", "between", 3), "two values"),
    ],
    ids=str,
)
def test_filters_that_make_no_sense_are_told(dated: Index, filter: Filter, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        dated.count(Scope(filter))


def test_the_deepest_and_the_widest_expressions_are_taken(dated: Index) -> None:
    deep = "year = 1900"
    for n in range(DEEPEST):
        deep = f"year = {1900 - n} or who != 'Ann' and not sold = true and {'not' if n % 3 else ''} ({deep})"
    wide = ["year in (" + ",".join(map(str, range(1900, 2000))) + ")"]
    wide += [f"tags not in ({','.join(repr(str(n)) for n in range(600))}, 't1')"]
    wide += ["who != 'O''Neil' and " + " and ".join(f"who != '{n}'" for n in range(230))]
    wide += ["not (" + " or ".join(f"who = '{n}'" for n in range(250)) + " or who = 'O''Neil')"]
    records = dated.browse()
    for text in (deep, *wide):
        filter = parsed(text, dated.fields())
        assert dated.browse(Scope(filter)) == [each for each in records if holds(filter, each)]


def test_groups(place: Place) -> None:
    index = place.create()
    index.upsert([record("all"), record("a", groups=("a'",)), record("b", groups=("b", "c"))])

    def seen(groups: frozenset[str] | None) -> list[str]:
        return [r.id for r in index.browse(Scope(groups=groups))]

    assert seen(None) == ["a", "all", "b"]
    assert seen(frozenset()) == ["all"]
    assert seen(frozenset({"a'"})) == ["a", "all"]
    assert seen(frozenset({"c", "x"})) == ["all", "b"]
    assert index.get(["a", "b"], Scope(groups=frozenset({"b"}))) == index.get(["b"])
    assert index.count(Scope(Compare("path", "=", "b.jpg"), frozenset({"a'"}))) == 0


def test_browse_pages_by_id(index: Index) -> None:
    index.upsert([record(f"k'{n:02}") for n in range(25)])
    pages, after = [], ""
    while page := index.browse(after=after, limit=7):
        pages += [r.id for r in page]
        after = page[-1].id
    assert pages == sorted({*(f"k'{n:02}" for n in range(25)), "a1", "b2", "c3"})


def test_facets(dated: Index) -> None:
    facets = {f.field: f for f in dated.facets()}
    assert list(facets) == ["tags", "year", "price", "who", "sold", "acquired", "materials"]
    assert facets["tags"].values == (("all", 4), ("t0", 1), ("t1", 1), ("t2", 1), ("t3", 1))
    assert (facets["year"].low, facets["year"].high) == (1900, 1903)
    assert (facets["price"].low, facets["price"].high) == (0.0, 1.5)
    assert facets["materials"].values == (("oil", 4), ("canvas", 2))
    assert facets["sold"].values == ((False, 2), (True, 2))
    assert (facets["acquired"].low, facets["acquired"].high) == (date(2020, 1, 1), date(2020, 1, 4))
    assert facets["who"].type == "text"


def test_facets_of_named_fields_within_a_scope(dated: Index) -> None:
    taken, year = dated.facets(Scope(Compare("year", ">", 1901)), ["taken_at", "year"])
    assert (taken.low, taken.high) == (datetime(2023, 1, 1), datetime(2024, 5, 2))
    assert year.values == ((1902, 1), (1903, 1))
    with pytest.raises(UsageError, match="no field"):
        dated.facets(fields=["nothing"])


def test_a_facet_tells_the_most_frequent_values_only(place: Place) -> None:
    index = place.create()
    index.upsert([record(f"r{n}", tags=(f"rare{n}", "common")) for n in range(200)])
    (tags,) = index.facets()
    assert tags.values[0] == ("common", 200)
    assert len(tags.values) <= 60
    assert not tags.complete
    (few,) = index.facets(Scope(Compare("tags", "=", "rare7")))
    assert few.values == (("common", 1), ("rare7", 1))
    assert few.complete
