// Small helpers that every part of the page uses.

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
export const PAGE = { "X-Imagelore": "page" }; // another site's page cannot send this without being asked first

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// An answer's JSON; what the server refuses becomes an Error.
export async function json(address, options) {
  const answer = await fetch(address, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || body.detail || `the server answered ${answer.status}`);
  return body;
}

export const say = (text) => { $("#il-live").textContent = text; };
export const pictures = (n) => `${n.toLocaleString("en")} picture${n === 1 ? "" : "s"}`;
export const show = (view) => document.dispatchEvent(new CustomEvent("il-show", { detail: view }));

// Puts text into a field of Gradio's as if it were typed: it listens to the event, and reads the value through it.
export function typed(field, value) {
  const prototype = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(prototype.prototype, "value").set.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
