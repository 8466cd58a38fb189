// What is marked on the picture in the dialog: the lines that were cited, and those that hold a word of the question.

import { $ } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

function rectangle([left, top, right, bottom], kind) {
  const made = document.createElementNS(SVG, "rect");
  const told = { x: left, y: top, width: right - left, height: bottom - top, class: kind };
  for (const [name, value] of Object.entries(told)) made.setAttribute(name, value);
  return made;
}

// `cited`: boxes as shares of the picture; `lines`: [text, box] of all its lines; `held(text)`: how many of the words that
// matched it has. The lines with most of them are marked, where nothing was cited.
export function mark(lines, cited, held) {
  const counts = lines.map(([text]) => held(text));
  const most = Math.max(1, ...counts);
  const matched = cited.length ? [] : lines.filter((_, i) => counts[i] === most).map(([, box]) => box);
  $("#il-dialog-marks").replaceChildren(
    ...matched.map((box) => rectangle(box, "il-mark")), ...cited.map((box) => rectangle(box, "il-mark il-mark-cited")),
  );
  const toggle = $("#il-dialog-marked");
  toggle.hidden = !(matched.length + cited.length);
  toggle.setAttribute("aria-pressed", "true");
}

export function toggleMarks() {
  const toggle = $("#il-dialog-marked");
  toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
}
