// Adding files: pictures and documents that are dropped or chosen are copied to the server and indexed, with progress.

import { $, PAGE, json } from "./dom.js";
import { gallery } from "./gallery.js";

const told = (n) => `${n.toLocaleString("en")} file${n === 1 ? "" : "s"}`;
const parts = (n) => (n ? `, ${n.toLocaleString("en")} more part${n === 1 ? "" : "s"} of documents` : "");

export const adding = {
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
      tell(`${told(added)} added${parts(report.parts)}${skipped.length ? `; left out: ${skipped.join("; ")}` : "."}`, 1);
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
        if (line.total) tell(`Indexing ${line.done} of ${line.total}${parts(line.parts)}`, line.done / line.total);
        else tell("Looking at the folder");
      }
      if (done) throw new Error("The connection broke while indexing; add the files again to go on.");
    }
  },

  async done(added) {
    if ($("#il-top").dataset.state === "empty") return added && location.reload();
    $("#il-count").textContent = (await json("imagelore/status")).told;
    gallery.again();
  },
};

export async function dropped(transfer) {
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

export const named = (files) => [...files].map((file) => [file.webkitRelativePath || file.name, file]);
