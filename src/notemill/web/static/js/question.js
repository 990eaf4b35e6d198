// A question of a run, with what helps to answer it: `element.job = job`, or the attribute `run` on its own page.
import { api, define, fault, html, nothing, render } from "./core.js";
import { live } from "./live.js";

/** @typedef {{note: string, problem: string, before: string, after: string}} Change */
/** @typedef {{id: string, kind: string, run: string, state: string, lines: string[], began_at: number,
 *   question: null|{id: string, text: string, no: string, list: string, sample: Change[]},
 *   result: null|{words: string, whole: boolean, found: number, left: {note: string, message: string}[]}, error: string|null}} Job */

const AROUND = 2; // unchanged lines shown before and after a change

/** The lines that a change takes out and puts in, with a few around them. @param {string} before @param {string} after */
export function changed(before, after) {
  const old = before.split("\n");
  const now = after.split("\n");
  const least = Math.min(old.length, now.length);
  let [head, tail] = [0, 0];
  while (head < least && old[head] === now[head]) head += 1;
  while (tail < least - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  return {
    above: old.slice(Math.max(0, head - AROUND), head),
    gone: old.slice(head, old.length - tail),
    come: now.slice(head, now.length - tail),
    below: old.slice(old.length - tail, old.length - tail + AROUND),
  };
}

/** @param {Change} change */
function sampleOf(change) {
  if (change.problem) return html`<p class="notice notice-warn">${change.note}: ${change.problem}</p>`;
  const { above, gone, come, below } = changed(change.before, change.after);
  const lines = (/** @type {string[]} */ some) => some.map((one) => `${one}\n`).join("");
  return html`<figure class="sample stack"><figcaption class="break"><b>${change.note}</b></figcaption>
    <pre class="diff" tabindex="0" aria-label=${`How ${change.note} would change`}>${lines(above)}${gone.length
      ? html`<del>${lines(gone)}</del>` : nothing}${come.length ? html`<ins>${lines(come)}</ins>` : nothing}${lines(below)}</pre></figure>`;
}

export class NmQuestion extends HTMLElement {
  shown = /** @type {Job|null} */ (null);
  busy = "";

  connectedCallback() {
    const run = this.getAttribute("run");
    if (!run) return;
    live.on("job", ({ job }) => { if (job.run === run) this.job = job; });
    live.on("snapshot", ({ jobs }) => { this.job = jobs.filter((/** @type {Job} */ job) => job.run === run).at(-1) ?? null; });
  }

  /** Show the question of a job, or nothing where it has none. @param {Job|null} job */
  set job(job) {
    if (job?.question?.id !== this.shown?.question?.id) this.busy = "";
    this.shown = job;
    this.show();
  }

  show() {
    const asked = this.shown?.question;
    if (!asked) return render(nothing, this);
    const goesOn = asked.sample.length > 0 || asked.text.startsWith("continue");

    return render(html`<div class="notice stack" role="group" aria-label="A question of this run">
      <h3>${asked.text.charAt(0).toUpperCase()}${asked.text.slice(1)}</h3>
      ${asked.list ? html`<pre class="diff" tabindex="0" aria-label="The vocabulary">${asked.list}</pre>
        <p class="hint">You may change it first in <a href="/review?kind=vocabulary%20tag">Review</a>.</p>` : nothing}
      ${asked.sample.length ? html`<p class="hint">This is what it proposes for some of its notes. Nothing is written yet.</p>` : nothing}
      ${asked.sample.map(sampleOf)}
      <p class="row" ?hidden=${goesOn && this.hasAttribute("run")}>
        <button class="btn btn-primary" ?disabled=${this.busy} @click=${() => this.answer(true)}>${goesOn ? "Continue" : "Yes"}</button>
        <button class="btn" ?disabled=${this.busy} @click=${() => this.answer(false)}>${goesOn ? "Not now" : "No"}</button>
        <span class="hint" role="status">${this.busy}</span>
      </p></div>`, this);
  }

  /** @param {boolean} yes */
  async answer(yes) {
    const job = this.shown;
    if (!job?.question || this.busy) return;
    const place = this.contains(document.activeElement) ? document.getElementById("working") ?? document.getElementById("main") : null;
    this.busy = "Sending your answer…";
    this.show();
    const next = await api("POST", `/api/runs/${encodeURIComponent(job.id)}/answer`, { question: job.question.id, yes }).catch(fault);
    if (next) this.dispatchEvent(new CustomEvent("answered", { bubbles: true, detail: next.job }));
    this.busy = "";
    this.show();
    if (place && !this.contains(document.activeElement)) place.focus({ preventScroll: true });
  }
}

define("nm-question", NmQuestion);
