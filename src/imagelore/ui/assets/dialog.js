// The picture dialog: everything known about a picture, why it was found, and what it was cited for.

import { $, element, json, show } from "./dom.js";
import { attach } from "./chat.js";
import { tile } from "./gallery.js";
import { mark } from "./marks.js";

const SHORT = 400; // characters of a text that is shown without being asked for
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u; // no spaces between words
const whole = (text) => new RegExp(
  unspaced.test(text) ? `(${escaped(text)})` : `(?<![\\p{L}\\p{N}])(${escaped(text)})(?![\\p{L}\\p{N}])`, "giu",
);

// The text with what was matched, and the fact that was cited, between marks. A passage may run over line ends.
function marked(text, words = [], passage = "") {
  const flowing = escaped(passage.trim()).replace(/\s+/g, "(?:-?\\s+)");
  const found = flowing ? [[new RegExp(`(${flowing})`, "gi"), "il-fact"]] : [];
  found.push(...words.map((word) => [whole(word), "il-match"]));
  let parts = [text];
  for (const [pattern, kind] of found) {
    parts = parts.flatMap((part) => typeof part !== "string" ? [part]
      : part.split(pattern).map((piece, i) => i % 2 ? element("mark", { className: kind }, piece) : piece).filter(Boolean));
  }
  return parts;
}

// The part of a value that is the fact; all of it where the fact is written in another way.
const holding = (value, fact) => fact && (value.toLowerCase().includes(fact.toLowerCase()) ? fact : value);

function put(name, text, ...more) {
  const place = $(`#il-dialog-${name}`);
  place.replaceChildren(...[text, ...more].filter(Boolean));
  place.hidden = !place.childNodes.length;
}

// The text that stands in the picture, open where it was cited or is short.
function read(record, matched, passage) {
  const place = $("#il-dialog-read");
  const text = record.lines.map(([line]) => line).join("\n");
  place.hidden = !text;
  place.open = Boolean(passage) || text.length <= SHORT;
  $("summary", place).textContent = record.place ? `Text of ${record.place}` : "Text in the picture";
  $("p", place).replaceChildren(...marked(text, matched, passage));
}

function described({ text, tags, model }, matched, passage) {
  const said = [text, tags.length ? `(${tags.join(", ")})` : ""].filter(Boolean).join(" ");
  const who = element("span", { className: "il-quiet" }, `Described by ${model || "a model"}: `);
  put("described", said && element("p", {}, who, ...marked(said, matched, passage)));
}

function rankings(found) {
  const row = (...cells) => element("tr", {}, ...cells);
  const rows = found.map(([name, place, score, share]) => row(
    element("th", { scope: "row" }, name), element("td", {}, place), element("td", {}, score), element("td", {}, share),
  ));
  const head = row(...["found by", "place", "score", "share"].map((name) => element("th", { scope: "col" }, name)));
  return element("details", {}, element("summary", {}, "How it was ranked"), element("table", {}, head, ...rows));
}

export const dialog = {
  node: () => $("#il-dialog"),
  asked: 0,

  async open(id, context = {}) {
    const asked = ++this.asked;
    const node = this.node();
    if (!node.open) {
      this.back = document.activeElement;
      node.showModal();
    }
    $("#il-dialog-notice").textContent = "";
    try {
      const record = await json(`imagelore/records/${encodeURIComponent(id)}`);
      if (asked !== this.asked) return;
      this.fill(record, context);
      await Promise.all([this.picture(record, asked), this.neighbours(record, asked)]);
    } catch (error) {
      if (asked === this.asked) $("#il-dialog-notice").textContent = error.message;
    }
  },

  fill(record, { why = "", sentence = "", found = "[]", words = "[]", sure = '""', field = "", passage = "", boxes = "[]" }) {
    this.id = record.id;
    const matched = JSON.parse(words);
    const named = { taken_at: "taken" }[field] ?? field; // as the record's facts call it
    const fact = (name) => (name === named ? passage : "");
    put("title", ...marked(record.title, matched, fact("title")));
    put("sentence", sentence && element("span", { className: "il-quiet" }, "Cited for"), sentence);
    const ranked = JSON.parse(found);
    const fits = JSON.parse(sure) && ` (fits your question: ${JSON.parse(sure)} sure)`;
    put("why", why && element("p", {}, `Found because: ${why}${fits}`), ranked.length ? rankings(ranked) : "");
    put("words", ...marked(record.text, matched, fact("text")));
    described(record.described, matched, fact("described"));
    read(record, matched, fact("read"));
    mark(record.lines, JSON.parse(boxes), (text) => matched.filter((word) => text.search(whole(word)) >= 0).length);
    $("#il-dialog-tags").replaceChildren(...record.tags.map((tag) => (
      element("span", { className: "il-tag" }, ...marked(tag, matched, fact("tags").toLowerCase() === tag.toLowerCase() ? tag : ""))
    )));
    const facts = [...record.facts, ["size", record.size], ["file", `${record.source}/${record.file}`]];
    $("#il-dialog-facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => [
      element("dt", {}, name), element("dd", {}, ...marked(value, matched, holding(value, fact(name)))),
    ]));
    const seen = [...record.seen, ...record.colours];
    put("seen", seen.length ? "A model's guess at what is in it: " : "", ...marked(seen.join(", "), matched));
    this.few("parts", []);
    this.few("neighbours", []);
    Object.assign($("#il-dialog-picture"), { src: record.thumbnail, alt: record.title });
    const frame = $("#il-dialog-frame");
    frame.style.aspectRatio = record.width ? `${record.width} / ${record.height}` : "";
    frame.style.setProperty("--il-ratio", record.width ? record.width / record.height : 1);
    $(".il-dialog-text").scrollTop = 0;
    $(".il-dialog-text .il-fact")?.scrollIntoView({ block: "nearest" });
  },

  async picture(record, asked) {
    const answer = await fetch(record.picture);
    if (!answer.ok) throw new Error("The full picture cannot be shown; this is its thumbnail.");
    const address = URL.createObjectURL(await answer.blob());
    if (asked !== this.asked) return URL.revokeObjectURL(address);
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = address;
    $("#il-dialog-picture").src = address;
    $("#il-dialog-notice").textContent = decodeURIComponent(answer.headers.get("X-Imagelore-Notice") || "");
  },

  async neighbours(record, asked) {
    const found = await json(`imagelore/records/${encodeURIComponent(record.id)}/neighbours`);
    if (asked !== this.asked) return;
    this.few("parts", found.parts);
    this.few("neighbours", found.pictures);
  },

  few(name, found) {
    $(`#il-dialog-${name}`).replaceChildren(...found.map(tile));
    const head = $(`#il-dialog-${name}-head`);
    if (head) head.hidden = !found.length;
  },

  closed() {
    this.asked++;
    this.back?.focus?.();
  },
};

export async function askWith(id) {
  const answer = await fetch(`imagelore/pictures/${encodeURIComponent(id)}`);
  if (!answer.ok) return;
  const blob = await answer.blob();
  dialog.node().close();
  show("chat");
  attach([new File([blob], "picture", { type: blob.type })]);
}
