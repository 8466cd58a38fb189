// The chat. Gradio draws it; this reaches it through its box and its hidden text fields.

import { $, $$, say, typed } from "./dom.js";

export const box = () => $("#il-box textarea");
export const stopButton = () => $("#il-box .stop-button, #il-box [data-testid='stop-button']");
const field = (name) => $(`#il-${name} textarea, #il-${name} input`);

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

export function held(event) {
  const enter = event.key === "Enter" && !event.shiftKey && event.target === box();
  const submit = "#il-box [data-testid=submit-button]";
  if (!ending.now() || !(enter || (event.type === "click" && event.target.closest?.(submit)))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ended(() => $(submit)?.click());
}

// Asks what a button stands for: a suggestion, an earlier question again, or that without one of its conditions.
export function order(wanted) {
  if (ending.now()) { ended(() => order(wanted)); return; }
  if (!field("command") || stopButton()) return;
  typed(field("command"), JSON.stringify({ ...wanted, at: Date.now() }));
  $("#il-log [role=log]")?.focus(); // the button goes away with the answer that it stood under
}

// What is drawn anew when a verdict comes back: which panels are open, and the thumb that has the focus.
const redrawn = { focused: "", open: new Set() };

// A thumb; the one that is pressed already takes its verdict back.
export function judge(thumb) {
  if (stopButton()) return; // an answer is being drawn, from a conversation without the verdict
  const [, verdict, turn] = thumb.id.match(/^(up|down)-(.*)$/);
  const pressed = thumb.getAttribute("aria-pressed") === "true";
  redrawn.focused = thumb.id;
  typed(field("verdict"), JSON.stringify({ turn, verdict: pressed ? "none" : verdict, at: Date.now() }));
  say(pressed ? "Your verdict is taken back." : "Thank you: your verdict is kept.");
}

// The filter that the questions from now on are asked within.
export const within = (where) => typed(field("limits"), where);

export function attach(files) {
  const input = $("#il-box input[type=file]");
  const chosen = [...files].filter((file) => file.type.startsWith("image/"));
  if (!input || !chosen.length) return;
  const carried = new DataTransfer();
  chosen.forEach((file) => carried.items.add(file));
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  box()?.focus();
}

export const cardOf = (cite) => document.getElementById(cite.id.replace("cite-", "card-"));
const citesOf = (card) => $$(`.il-cite[id="${card.id.replace("card-", "cite-")}"]`);

export function light(target, on) {
  const cite = target.closest?.(".il-cite");
  const card = target.closest?.(".il-card");
  const lit = cite ? [cite, cardOf(cite)] : card ? [card, ...citesOf(card)] : [];
  lit.forEach((one) => one?.classList.toggle("il-lit", on));
  if (cite && on) lit[1]?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function showSources(card) {
  const mine = card.closest(".il-sources");
  $$(".il-sources").forEach((section) => { section.hidden = section !== mine; });
}

export async function copy(button) {
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

// Gradio takes ARIA attributes out of messages: buttons get theirs here, from what the server made of them.
function restore(log) {
  $("[role=log]", log)?.setAttribute("tabindex", "-1");
  for (const button of $$(".il-thumb, .il-off", log)) button.setAttribute("aria-label", button.title);
  for (const thumb of $$(".il-thumb", log)) thumb.setAttribute("aria-pressed", String(thumb.classList.contains("il-on")));
  for (const id of redrawn.open) document.getElementById(id)?.setAttribute("open", "");
  const thumb = redrawn.focused && document.getElementById(redrawn.focused);
  if (thumb && document.activeElement === document.body) thumb.focus();
}

function opened(event) {
  if (event.target.matches(".il-took")) redrawn.open[event.target.open ? "add" : "delete"](event.target.id);
}

export function ready() {
  if ($("#il-top").dataset.state !== "error") giveWay($("#il-boot"));
  const log = $("#il-log");
  box().setAttribute("aria-label", "Ask about your pictures");
  $("#il-box [data-testid=upload-button]")?.setAttribute("aria-label", "Add a picture to the question");
  let busy = false;
  new MutationObserver(() => {
    const now = Boolean(stopButton());
    $("[role=log]", log)?.setAttribute("aria-busy", String(now)); // a screen reader reads the answer when it is whole
    if (busy !== now) document.body.classList.toggle("il-busy", now);
    busy = now;
  }).observe($("#il-box"), { childList: true, subtree: true });
  new MutationObserver(() => restore(log)).observe(log, { childList: true, subtree: true });
  log.addEventListener("toggle", opened, true);
  log.addEventListener("focusin", (event) => { if (event.target.id !== redrawn.focused) redrawn.focused = ""; });
  document.body.classList.add("il-ready");
}
