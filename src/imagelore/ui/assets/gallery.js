// The gallery: every picture, a page at a time, or those that a search finds, within limits.

import { $, PAGE, element, json, pictures } from "./dom.js";
import { Limits } from "./limits.js";

export function tile(picture) {
  const image = element("img", { src: picture.thumbnail, alt: picture.title, loading: "lazy" });
  if (picture.width) Object.assign(image, { width: picture.width, height: picture.height });
  const caption = element("span", { className: "il-caption" }, picture.title);
  const made = element("button", { className: "il-tile", type: "button", title: picture.ranks || "" }, image, caption);
  if (picture.why) made.append(element("span", { className: "il-why" }, picture.why));
  const { id, why = "", found = [], words = [], sure = "" } = picture;
  const told = Object.entries({ found, words, sure }).map(([name, value]) => [name, JSON.stringify(value)]);
  Object.assign(made.dataset, { id, why, ...Object.fromEntries(told) });
  return made;
}

export const gallery = {
  started: false,
  picture: null,
  run: 0,

  start() {
    if (this.started || $("#il-top").dataset.state !== "ready") return;
    this.started = true;
    this.limits = new Limits({
      fields: $("#il-facets"), chips: $("#il-chosen"), changed: () => this.search(), more: { "by expression": $("#il-expert") },
    });
    new IntersectionObserver((seen) => seen[0].isIntersecting && this.more(), { rootMargin: "800px" }).observe($("#il-more"));
    this.again();
  },

  again() {
    this.limits.load();
    return this.search();
  },

  // Within a filter that is typed as an expression, once the server can read it: an error shows the place below it.
  async by(expression) {
    const shown = $("#il-where-wrong");
    const wrong = await json(`imagelore/browse?${new URLSearchParams({ limit: 1, where: expression })}`).catch((error) => error);
    const told = wrong instanceof Error ? wrong.message : "";
    shown.textContent = told;
    shown.hidden = !told;
    $("#il-where").setAttribute("aria-invalid", String(Boolean(told)));
    if (told) return;
    this.limits.expression = expression.trim();
    this.again();
  },

  async search() {
    const run = ++this.run;
    this.next = null;
    const words = $("#il-query").value.trim();
    try {
      if (words || this.picture) {
        const asked = new URLSearchParams({ q: words, where: this.limits.where() });
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
    const found = await json(`imagelore/browse?${new URLSearchParams({ after, where: this.limits.where() })}`);
    if (run !== this.run) return;
    if (after) $("#il-gallery").append(...found.pictures.map(tile));
    else this.draw(found.pictures, pictures(found.total));
    this.next = found.next || null;
    const more = $("#il-more").getBoundingClientRect();
    if (this.next && more.top && more.top < innerHeight) this.more();
  },

  more() {
    const after = this.next;
    this.next = null;
    if (after) this.page(after, this.run).catch((error) => { $("#il-found").textContent = error.message; });
  },

  draw(found, told) {
    $("#il-gallery").replaceChildren(...found.map(tile));
    $("#il-found").textContent = told;
    $("#il-view-pictures").scrollTop = 0;
  },

  with(file) {
    this.picture = file || null;
    const shown = $("#il-query-picture");
    shown.hidden = !file;
    if (file) $("img", shown).src = URL.createObjectURL(file);
    this.search();
  },
};
