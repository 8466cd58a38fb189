// Limits on what is looked through: the fields that exist, with their values and ranges, and what was chosen of them.
// Chat and gallery have one each. The server writes the expressions; here they are only joined.

import { $, $$, element, json } from "./dom.js";

const same = (a, b) => a.field === b.field && a.name === b.name;

export class Limits {
  // fields: where the choices stand; chips: where what was chosen stands; changed: called when it changes;
  // more: further parts by name, a form of the page's own
  constructor({ fields, chips, changed, more = {} }) {
    Object.assign(this, { fields, chips, changed, more, chosen: [], expression: "", open: "", run: 0 });
    this.pills = element("div", { className: "il-pills" });
    this.inside = element("div", { id: `${fields.id}-open` });
    fields.replaceChildren(this.pills, this.inside);
  }

  // One condition for each field: any of its chosen values, and all of its ends.
  where() {
    const fields = new Map();
    for (const one of this.chosen) fields.set(one.field, [...(fields.get(one.field) ?? []), one]);
    const conditions = [...fields.values()].map((ones) => {
      const parts = ones.map((one) => one.where);
      return parts.length > 1 ? `(${parts.join(ones[0].end ? " and " : " or ")})` : parts[0];
    });
    return [...conditions, ...(this.expression ? [`(${this.expression})`] : [])].join(" and ");
  }

  async load() {
    const run = ++this.run;
    const found = await json(`imagelore/facets?${new URLSearchParams({ where: this.where() })}`).catch(() => null);
    if (found && run === this.run) this.draw(found);
  }

  // Counts change with what is chosen; what is open stays open, and the focus where it is.
  draw(facets) {
    const focused = this.fields.contains(document.activeElement) && document.activeElement.dataset.key;
    this.parts = { ...Object.fromEntries(facets.map((facet) => [facet.field, facet])), ...this.more };
    this.pills.replaceChildren(...Object.keys(this.parts).map((name) => {
      const pill = element("button", { className: "il-pill", type: "button", onclick: () => this.toggle(name) }, name);
      pill.dataset.key = name;
      pill.setAttribute("aria-controls", this.inside.id);
      return pill;
    }));
    if (!this.pills.firstChild) this.pills.append(element("p", { className: "il-quiet" }, "No picture has tags or fields to narrow by."));
    this.toggle(this.open, true);
    this.mark();
    if (focused) $$("[data-key]", this.fields).find((one) => one.dataset.key === focused)?.focus();
  }

  // One field's choices at a time, below the names of all; the same name again closes them.
  toggle(name, stay = false) {
    this.open = (stay || name !== this.open) && name in this.parts ? name : "";
    const part = this.parts[this.open];
    const drawn = !part || part instanceof Element ? part : part.range ? this.range(part) : this.values(part);
    if (this.inside.firstChild !== drawn) this.inside.replaceChildren(...(drawn ? [drawn] : []));
    for (const pill of $$("button", this.pills)) pill.setAttribute("aria-expanded", String(pill.textContent === this.open));
  }

  values(facet) {
    const known = new Set(facet.values.map(([name]) => name));
    const gone = this.chosen.filter((one) => one.field === facet.field && !known.has(one.name));
    const shown = [...facet.values, ...gone.map((one) => [one.name, 0, one.where])];
    const labels = shown.map(([name, count, where]) => {
      const box = element("input", { type: "checkbox" });
      box.dataset.key = `${facet.field}=${name}`;
      const limit = { field: facet.field, name, where, said: `${facet.field}: ${name}` };
      box.checked = this.chosen.some((one) => same(one, limit));
      box.onchange = () => (box.checked ? this.add(limit) : this.remove(limit));
      return element("label", { className: "il-value", title: name }, box, element("span", {}, name), element("small", {}, count.toLocaleString("en")));
    });
    const more = facet.complete ? [] : [element("p", { className: "il-quiet" }, "The most frequent values; others by an expression.")];
    return element("fieldset", {}, element("legend", { className: "il-sr" }, facet.field), ...labels, ...more);
  }

  range(facet) {
    const { kind, low, high } = facet.range;
    const inputs = ["from", "to"].map((end) => {
      const input = element("input", { type: kind, step: "any" });
      if (kind === "date") Object.assign(input, { step: 1, min: low, max: high });
      const limit = { field: facet.field, name: end, end: true };
      input.dataset.key = `${facet.field} ${end}`;
      input.value = this.chosen.find((one) => same(one, limit))?.value ?? "";
      input.onchange = () => {
        const value = input.value;
        const where = facet.range[end].join(value);
        if (value) this.add({ ...limit, value, where, said: `${facet.field} ${end} ${value}` });
        else this.remove(limit);
      };
      return element("label", {}, element("span", {}, end), input);
    });
    const told = element("p", { className: "il-quiet" }, `${low} to ${high} in all`);
    return element("fieldset", {}, element("legend", { className: "il-sr" }, facet.field), ...inputs, told);
  }

  add(limit) {
    this.set([...this.chosen.filter((one) => !same(one, limit)), limit]);
  }

  remove(limit) {
    this.set(this.chosen.filter((one) => !same(one, limit)));
  }

  set(chosen) {
    this.chosen = chosen;
    this.mark();
    this.load();
    this.changed();
  }

  mark() {
    this.chips.replaceChildren(...this.chosen.map((one) => {
      const chip = element("button", { className: "il-chip il-limit", type: "button" }, one.said, element("span", {}, "×"));
      chip.setAttribute("aria-label", `Remove the limit ${one.said}`);
      chip.onclick = () => {
        this.remove(one);
        ($("button", this.chips) ?? $("button", this.pills))?.focus();
      };
      return chip;
    }));
    const limited = new Set([...this.chosen.map((one) => one.field), ...(this.expression ? Object.keys(this.more) : [])]);
    for (const pill of $$("button", this.pills)) pill.classList.toggle("il-picked", limited.has(pill.textContent));
  }
}
