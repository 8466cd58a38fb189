// What the page does in the browser: views, citations and cards, the picture dialog, the gallery, adding pictures.
// Gradio draws the chat; this file reaches it through its box and one hidden text field (`command`).
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const PAGE = { "X-Imagelore": "page" }; // another site's page cannot send this without being asked first

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

async function json(address, options) {
  const answer = await fetch(address, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || body.detail || `the server answered ${answer.status}`);
  return body;
}

const say = (text) => { $("#il-live").textContent = text; };

// ---------------------------------------------------------------- views

function show(view) {
  document.body.dataset.view = view;
  for (const name of ["chat", "pictures"]) {
    const tab = $(`#il-tab-${name}`);
    tab.setAttribute("aria-selected", String(name === view));
    tab.tabIndex = name === view ? 0 : -1;
    $(`#il-view-${name}`).hidden = name !== view;
  }
  history.replaceState(null, "", view === "chat" ? location.pathname + location.search : "#pictures");
  if (view === "pictures") gallery.start();
}

function theme(dark) {
  document.body.classList.toggle("dark", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
}

function preferred() {
  const kept = localStorage.getItem("imagelore-theme");
  return kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// ---------------------------------------------------------------- the chat

const box = () => $("#il-box textarea");
const stopButton = () => $("#il-box .stop-button, #il-box [data-testid='stop-button']");

// Gradio ends an answer with several requests, one after the other, each of which ends whatever is asked by then: a new
// question has to wait until they are through.
const ending = { under: 0, last: -Infinity, now: () => ending.under > 0 || performance.now() - ending.last < 200 };
const send = window.fetch;
window.fetch = (...request) => {
  const sent = send(...request);
  if (!/\/(cancel|reset)(\?|$)/.test(String(request[0]?.url ?? request[0]))) return sent;
  ending.under += 1;
  const over = () => { ending.under -= 1; ending.last = performance.now(); };
  sent.then(over, over);
  return sent;
};

function ended(act) {
  if (ending.now()) setTimeout(ended, 50, act);
  else act();
}

function held(event) {
  const enter = event.key === "Enter" && !event.shiftKey && event.target === box();
  const submit = "#il-box [data-testid=submit-button]";
  if (!ending.now() || !(enter || (event.type === "click" && event.target.closest?.(submit)))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ended(() => $(submit)?.click());
}

function order(wanted) {
  if (ending.now()) { ended(() => order(wanted)); return; }
  const field = $("#il-command textarea, #il-command input");
  if (!field || stopButton()) return;
  const prototype = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  const value = JSON.stringify({ ...wanted, at: Date.now() });
  Object.getOwnPropertyDescriptor(prototype.prototype, "value").set.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function attach(files) {
  const input = $("#il-box input[type=file]");
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!input || !pictures.length) return;
  const carried = new DataTransfer();
  pictures.forEach((file) => carried.items.add(file));
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  box()?.focus();
}

const cardOf = (cite) => document.getElementById(cite.id.replace("cite-", "card-"));
const citesOf = (card) => $$(`.il-cite[id="${card.id.replace("card-", "cite-")}"]`);

function light(target, on) {
  const cite = target.closest?.(".il-cite");
  const card = target.closest?.(".il-card");
  const lit = cite ? [cite, cardOf(cite)] : card ? [card, ...citesOf(card)] : [];
  lit.forEach((one) => one?.classList.toggle("il-lit", on));
  if (cite && on) lit[1]?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function showSources(card) {
  const mine = card.closest(".il-sources");
  $$(".il-sources").forEach((section) => { section.hidden = section !== mine; });
}

async function copy(button) {
  const section = $(`.il-sources[data-turn="${button.id.replace("copy-", "")}"]`);
  const text = section?.dataset.copy ?? "";
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying is not allowed here";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
}

// The first paint stays until what it stands for is there: a knowledge base in a cloud takes a while.
function giveWay(boot) {
  const there = () => $("#il-welcome .il-welcome, #il-log .bot-row");
  const look = () => { if (there()) { boot.remove(); watch.disconnect(); } };
  const watch = new MutationObserver(look);
  watch.observe($("#il-chat"), { childList: true, subtree: true });
  look();
}

function ready() {
  if ($("#il-top").dataset.state !== "error") giveWay($("#il-boot"));
  const log = $("#il-log [role=log]");
  const field = box();
  field.setAttribute("aria-label", "Ask about your pictures");
  $("#il-box [data-testid=upload-button]")?.setAttribute("aria-label", "Add a picture to the question");
  let busy = false;
  new MutationObserver(() => {
    const now = Boolean(stopButton());
    log?.setAttribute("aria-busy", String(now)); // a screen reader reads the answer when it is whole
    if (busy !== now) document.body.classList.toggle("il-busy", now);
    busy = now;
  }).observe($("#il-box"), { childList: true, subtree: true });
  document.body.classList.add("il-ready");
}

// ---------------------------------------------------------------- the picture dialog

const dialog = {
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

  fill(record, { why = "", sentence = "", ranks = "" }) {
    this.id = record.id;
    const put = (name, text) => {
      const place = $(`#il-dialog-${name}`);
      place.textContent = text;
      place.hidden = !text;
    };
    put("title", record.title);
    put("sentence", sentence);
    put("why", why && `Found because: ${why}${ranks ? ` (${ranks})` : ""}`);
    put("words", record.text);
    $("#il-dialog-tags").replaceChildren(...record.tags.map((tag) => element("span", { className: "il-tag" }, tag)));
    const facts = [...record.facts, ["size", record.size], ["file", `${record.source}/${record.file}`]];
    $("#il-dialog-facts").replaceChildren(
      ...facts.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    );
    const seen = [...record.seen, ...record.colours];
    put("seen", seen.length ? `A model's guess at what is in it: ${seen.join(", ")}` : "");
    $("#il-dialog-neighbours").replaceChildren();
    const picture = $("#il-dialog-picture");
    Object.assign(picture, { src: record.thumbnail, alt: record.title });
    if (record.width) picture.style.aspectRatio = `${record.width} / ${record.height}`;
    $(".il-dialog-text").scrollTop = 0;
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
    if (asked === this.asked) $("#il-dialog-neighbours").replaceChildren(...found.pictures.map(tile));
  },

  closed() {
    this.asked++;
    this.back?.focus?.();
  },
};

async function askWith(id) {
  const answer = await fetch(`imagelore/pictures/${encodeURIComponent(id)}`);
  if (!answer.ok) return;
  const blob = await answer.blob();
  dialog.node().close();
  show("chat");
  attach([new File([blob], "picture", { type: blob.type })]);
}

// ---------------------------------------------------------------- the gallery

function tile(picture) {
  const image = element("img", { src: picture.thumbnail, alt: picture.title, loading: "lazy" });
  if (picture.width) Object.assign(image, { width: picture.width, height: picture.height });
  const caption = element("span", { className: "il-caption" }, picture.title);
  const made = element("button", { className: "il-tile", type: "button", title: picture.ranks || "" }, image, caption);
  if (picture.why) made.append(element("span", { className: "il-why" }, picture.why));
  Object.assign(made.dataset, { id: picture.id, why: picture.why || "", ranks: picture.ranks || "" });
  return made;
}

const gallery = {
  started: false,
  picked: [],
  picture: null,
  run: 0,

  start() {
    if (this.started || $("#il-top").dataset.state !== "ready") return;
    this.started = true;
    new IntersectionObserver((seen) => seen[0].isIntersecting && this.more(), { rootMargin: "800px" }).observe($("#il-more"));
    this.facets();
    this.again();
  },

  async facets() {
    const shown = (await json("imagelore/facets").catch(() => [])).map((facet) => {
      const values = facet.values.map(([value, count]) => {
        const chip = element("button", { className: "il-chip", type: "button" }, value, element("small", {}, ` ${count}`));
        chip.setAttribute("aria-pressed", "false");
        chip.onclick = () => this.pick(chip, facet.field, value);
        return chip;
      });
      return element("details", { name: "facets" }, element("summary", {}, facet.field), element("div", {}, ...values));
    });
    $("#il-facets").replaceChildren(...shown);
  },

  pick(chip, field, value) {
    const on = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", String(on));
    this.picked = this.picked.filter(([f, v]) => f !== field || v !== value);
    if (on) this.picked.push([field, value]);
    const details = chip.closest("details");
    details.classList.toggle("il-picked", Boolean($("[aria-pressed=true]", details)));
    this.again();
  },

  where() {
    return this.picked.length ? JSON.stringify(this.picked) : "";
  },

  async again() {
    const run = ++this.run;
    this.next = null;
    const words = $("#il-query").value.trim();
    try {
      if (words || this.picture) {
        const asked = new URLSearchParams({ q: words, where: this.where() });
        const options = this.picture ? { method: "POST", body: this.picture, headers: PAGE } : {};
        const found = await json(`imagelore/search?${asked}`, options);
        if (run !== this.run) return;
        const head = found.fits ? "Best first" : "Nothing fits well; the closest pictures";
        this.draw(found.pictures, found.pictures.length ? `${head}, for ${found.searched}` : "No picture was found.");
      } else {
        await this.page("", run);
      }
    } catch (error) {
      if (run === this.run) this.draw([], error.message);
    }
  },

  async page(after, run) {
    const found = await json(`imagelore/browse?${new URLSearchParams({ after, where: this.where() })}`);
    if (run !== this.run) return;
    const total = `${found.total.toLocaleString("en")} picture${found.total === 1 ? "" : "s"}`;
    if (after) $("#il-gallery").append(...found.pictures.map(tile));
    else this.draw(found.pictures, total);
    this.next = found.next || null;
    const more = $("#il-more").getBoundingClientRect();
    if (this.next && more.top && more.top < innerHeight) this.more();
  },

  more() {
    const after = this.next;
    this.next = null;
    if (after) this.page(after, this.run).catch((error) => { $("#il-found").textContent = error.message; });
  },

  draw(pictures, told) {
    $("#il-gallery").replaceChildren(...pictures.map(tile));
    $("#il-found").textContent = told;
    $("#il-view-pictures").scrollTop = 0;
  },

  by(file) {
    this.picture = file || null;
    const shown = $("#il-query-picture");
    shown.hidden = !file;
    if (file) $("img", shown).src = URL.createObjectURL(file);
    this.again();
  },
};

// ---------------------------------------------------------------- adding pictures

const adding = {
  async add(files, place) {
    if (this.busy || !files.length) return;
    this.busy = true;
    const shown = $(".il-progress", place);
    shown.hidden = false;
    const tell = (text, share) => {
      $("p", shown).textContent = text;
      const bar = $("progress", shown);
      if (share === undefined) bar.removeAttribute("value");
      else bar.value = share;
    };
    try {
      const refused = await this.send(files, tell);
      const report = await this.index(tell);
      const skipped = [...refused, ...report.skipped.map((one) => `${one.file}: ${one.reason}`)];
      const added = report.added + report.updated;
      tell(`${added} picture${added === 1 ? "" : "s"} added${skipped.length ? `; left out: ${skipped.join("; ")}` : "."}`, 1);
      this.done(added);
    } catch (error) {
      tell(error.message, 0);
    } finally {
      this.busy = false;
    }
  },

  async send(files, tell) {
    const refused = [];
    for (const [i, [name, file]] of files.entries()) {
      tell(`Copying ${i + 1} of ${files.length}`, i / files.length);
      const address = `imagelore/uploads?${new URLSearchParams({ name })}`;
      await json(address, { method: "POST", body: file, headers: PAGE }).catch((error) => refused.push(error.message));
    }
    if (refused.length === files.length) throw new Error(refused[0]);
    return refused;
  },

  async index(tell) {
    const answer = await fetch("imagelore/index", { method: "POST", headers: PAGE });
    if (!answer.ok) throw new Error((await answer.json()).detail || `the server answered ${answer.status}`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      const lines = (rest + (value ?? "")).split("\n");
      rest = lines.pop();
      for (const line of lines.map((text) => JSON.parse(text))) {
        if (line.error) throw new Error(line.error);
        if (line.report) return line.report;
        tell(line.total ? `Indexing ${line.done} of ${line.total}` : "Looking at the folder", line.total ? line.done / line.total : undefined);
      }
      if (done) throw new Error("The connection broke while indexing; add the pictures again to go on.");
    }
  },

  async done(added) {
    if ($("#il-top").dataset.state === "empty") return added && location.reload();
    const { records } = await json("imagelore/status");
    $("#il-count").textContent = `${records.toLocaleString("en")} picture${records === 1 ? "" : "s"}`;
    gallery.facets();
    gallery.again();
  },
};

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      files.push([entry.fullPath.slice(1), await new Promise((got, failed) => entry.file(got, failed))]);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const batch = await new Promise((got, failed) => reader.readEntries(got, failed));
      if (!batch.length) return;
      for (const inner of batch) if (!inner.name.startsWith(".")) await walk(inner);
    }
  };
  for (const entry of entries) await walk(entry);
  return files.length ? files : named(transfer.files);
}

const named = (files) => [...files].map((file) => [file.webkitRelativePath || file.name, file]);

// ---------------------------------------------------------------- what people do

function clicked(event) {
  const on = (selector) => event.target.closest(selector);
  let hit;
  if ((hit = on(".il-cite"))) {
    event.preventDefault();
    const card = cardOf(hit);
    if (!card) return;
    showSources(card);
    dialog.open(card.dataset.id, card.dataset);
  } else if ((hit = on(".il-card, .il-tile[data-id]"))) dialog.open(hit.dataset.id, hit.dataset);
  else if ((hit = on("[data-ask]"))) order({ ask: hit.dataset.ask, like: hit.dataset.like ?? "" });
  else if ((hit = on(".il-act[id^=copy-]"))) copy(hit);
  else if ((hit = on(".il-act[id^=retry-]"))) order({ retry: hit.id.replace("retry-", "") });
  else if (on("#il-new")) { show("chat"); $("#il-fresh")?.click(); box()?.focus(); }
  else if (on("#il-tab-chat")) show("chat");
  else if (on("#il-tab-pictures")) show("pictures");
  else if (on("#il-theme")) {
    const dark = !document.body.classList.contains("dark");
    localStorage.setItem("imagelore-theme", dark ? "dark" : "light");
    theme(dark);
  } else if (on("#il-dialog-ask")) askWith(dialog.id);
  else if (on("#il-query-picture button")) gallery.by(null);
  else if (event.target === dialog.node()) dialog.node().close(); // the backdrop
}

function pressed(event) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && !dialog.node().open && stopButton()) {
    event.preventDefault();
    stopButton().click();
  } else if (event.key === "/" && !typing && !dialog.node().open) {
    event.preventDefault();
    (document.body.dataset.view === "pictures" ? $("#il-query") : box())?.focus();
  } else if (event.target.role === "tab" && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    show(document.body.dataset.view === "chat" ? "pictures" : "chat");
    $("[role=tab][aria-selected=true]").focus();
  }
}

function carriesFiles(event) {
  return event.dataTransfer?.types?.includes("Files");
}

async function drop(event) {
  document.body.classList.remove("il-dragging");
  if (!carriesFiles(event) || event.target.closest("#il-box")) return;
  event.preventDefault();
  const zone = event.target.closest(".il-drop");
  if (zone && !zone.hidden) adding.add(await dropped(event.dataTransfer), zone);
  else if (document.body.dataset.view === "pictures") gallery.by([...event.dataTransfer.files].find((f) => f.type.startsWith("image/")));
  else attach(event.dataTransfer.files);
}

function listen() {
  document.addEventListener("click", held, true);
  document.addEventListener("keydown", held, true);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    document.addEventListener(name, (event) => light(event.target, on));
  }
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("il-dragging");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("il-dragging"));
  document.addEventListener("drop", drop);
  dialog.node().addEventListener("close", () => dialog.closed());
  $("#il-find").addEventListener("submit", (event) => { event.preventDefault(); gallery.again(); });
  $("#il-query").addEventListener("search", () => $("#il-query").value || gallery.again());
  $("#il-query").addEventListener("paste", (event) => event.clipboardData.files.length && gallery.by(event.clipboardData.files[0]));
  $("#il-query-file").addEventListener("change", (event) => { gallery.by(event.target.files[0]); event.target.value = ""; });
  $$(".il-files").forEach((input) => input.addEventListener("change", async () => {
    await adding.add(named(input.files), input.closest(".il-drop, #il-view-pictures"));
    input.value = "";
  }));
}

function boot() {
  theme(preferred());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme(preferred()));
  listen();
  show(location.hash === "#pictures" ? "pictures" : "chat");
  const waiting = new MutationObserver(() => {
    if (!box()) return;
    waiting.disconnect();
    theme(preferred()); // Gradio has set its own by now
    ready();
  });
  waiting.observe(document.body, { childList: true, subtree: true });
}

boot();
