// What the page does in the browser: views, theme, and which part of the page hears what people do.

import { adding, dropped, named } from "./adding.js";
import { attach, box, cardOf, copy, held, judge, light, order, ready, showSources, stopButton, within } from "./chat.js";
import { askWith, dialog } from "./dialog.js";
import { $, $$, say } from "./dom.js";
import { gallery } from "./gallery.js";
import { Limits } from "./limits.js";
import { toggleMarks } from "./marks.js";

function show(view) {
  document.body.dataset.view = view;
  for (const name of ["chat", "pictures"]) {
    const tab = $(`#il-tab-${name}`);
    tab.setAttribute("aria-selected", String(name === view));
    tab.tabIndex = name === view ? 0 : -1;
    $(`#il-view-${name}`).hidden = name !== view;
  }
  if (view === "pictures") gallery.start();
}

// A view that is gone to can be left with the browser's own way back: the conversation is still there.
function go(view) {
  if (view !== document.body.dataset.view) {
    history.pushState(null, "", view === "chat" ? location.pathname + location.search : "#pictures");
  }
  show(view);
}

const addressed = () => show(location.hash === "#pictures" ? "pictures" : "chat");

function theme(dark) {
  document.body.classList.toggle("dark", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
}

function preferred() {
  const kept = localStorage.getItem("imagelore-theme");
  return kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function toggled() {
  const dark = !document.body.classList.contains("dark");
  localStorage.setItem("imagelore-theme", dark ? "dark" : "light");
  theme(dark);
}

// The limits of the chat's questions, below its box; the fields are asked for when they are first wanted.
const narrowing = {
  toggle() {
    const fields = $("#il-narrow-fields");
    this.limits ??= new Limits({ fields, chips: $("#il-narrow-chosen"), changed: () => this.changed() });
    fields.hidden = !fields.hidden;
    $("#il-narrow-open").setAttribute("aria-expanded", String(!fields.hidden));
    if (!fields.hidden) this.limits.load();
  },

  changed() {
    within(this.limits.where());
    const said = this.limits.chosen.map((one) => one.said).join("; ");
    say(said ? `Your questions are narrowed to ${said}.` : "Your questions are no longer narrowed.");
  },
};

function cited(cite) {
  const card = cardOf(cite);
  if (!card) return;
  showSources(card);
  dialog.open(card.dataset.id, card.dataset);
}

const CLICKS = {
  ".il-cite": cited,
  ".il-card, .il-tile[data-id]": (hit) => dialog.open(hit.dataset.id, hit.dataset),
  "[data-ask]": (hit) => order({ ask: hit.dataset.ask, like: hit.dataset.like ?? "" }),
  ".il-act[id^=copy-]": copy,
  ".il-act[id^=retry-]": (hit) => order({ retry: hit.id.replace("retry-", "") }),
  ".il-off": (hit) => order({ without: Number(hit.id.split("-")[2]), retry: hit.id.split("-")[1] }),
  ".il-thumb": judge,
  "#il-new": () => { go("chat"); $("#il-fresh")?.click(); box()?.focus(); },
  "#il-tab-chat": () => go("chat"),
  "#il-tab-pictures": () => go("pictures"),
  "#il-theme": toggled,
  "#il-narrow-open": () => narrowing.toggle(),
  "#il-dialog-ask": () => askWith(dialog.id),
  "#il-dialog-marked": toggleMarks,
  "#il-query-picture button": () => gallery.with(null),
};

function clicked(event) {
  if (event.target === dialog.node()) return dialog.node().close(); // the backdrop
  for (const [selector, act] of Object.entries(CLICKS)) {
    const hit = event.target.closest(selector);
    if (!hit) continue;
    if (hit.matches("a")) event.preventDefault();
    return act(hit);
  }
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
    go(document.body.dataset.view === "chat" ? "pictures" : "chat");
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
  else if (document.body.dataset.view === "pictures") gallery.with([...event.dataTransfer.files].find((f) => f.type.startsWith("image/")));
  else attach(event.dataTransfer.files);
}

function listen() {
  document.addEventListener("click", held, true);
  document.addEventListener("keydown", held, true);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  document.addEventListener("il-show", (event) => go(event.detail));
  window.addEventListener("popstate", addressed);
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
  $("#il-find").addEventListener("submit", (event) => { event.preventDefault(); gallery.search(); });
  $("#il-expert").addEventListener("submit", (event) => { event.preventDefault(); gallery.by($("#il-where").value); });
  $("#il-query").addEventListener("search", () => $("#il-query").value || gallery.search());
  $("#il-query").addEventListener("paste", (event) => event.clipboardData.files.length && gallery.with(event.clipboardData.files[0]));
  $("#il-query-file").addEventListener("change", (event) => { gallery.with(event.target.files[0]); event.target.value = ""; });
  $$(".il-files").forEach((input) => input.addEventListener("change", async () => {
    await adding.add(named(input.files), input.closest(".il-drop, #il-view-pictures"));
    input.value = "";
  }));
}

function boot() {
  theme(preferred());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme(preferred()));
  listen();
  addressed();
  const waiting = new MutationObserver(() => {
    if (!box()) return;
    waiting.disconnect();
    theme(preferred()); // Gradio has set its own by now
    ready();
  });
  waiting.observe(document.body, { childList: true, subtree: true });
}

boot();
