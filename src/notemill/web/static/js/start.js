// The dialogs that start work, made by the server: what is chosen there, and what that would cost.
import { api, counted, html, nothing, render, say, span, svg, usd, when } from "./core.js";
import { live } from "./live.js";

/** @typedef {{lane: string, reason: string, price_usd: string, worst_usd: string, p50: number|null, p90: number|null,
 *   measured: {batches: number, calls: number}, items: number, priced: number, problem: string,
 *   stages: number[], vocabulary: boolean, unfinished: string, sources: {became: string, title: string, words: string}[]}} Plan */
/** @typedef {HTMLInputElement|HTMLSelectElement} Control */

const MINUTES = [2, 5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1080, 1440];
const PLAN_AFTER_MS = 200;
const BECAME = /** @type {Record<string, string>} */ ({ new: "new note", adds: "adds to its note", unread: "not read", left: "left alone", there: "in the vault" });

/** Where a number of seconds stands on the slider, 0 to 100. @param {number} seconds */
function placeOf(seconds) {
  const above = MINUTES.findIndex((one) => one >= seconds / 60);
  if (above < 1) return above * -100; // sooner than its first place, or later than its last
  const [low, high] = [MINUTES[above - 1], MINUTES[above]];
  return ((above - 1 + (seconds / 60 - low) / (high - low)) / MINUTES.length) * 100;
}

/** The value of an option, null for the usual one. @param {Control} one */
function valueOf(one) {
  const { type, number } = one.dataset;
  if (type === "minutes") return MINUTES[Number(one.value)] ? `${MINUTES[Number(one.value)]}m` : null;
  if (type === "list") return /** @type {HTMLInputElement} */ (one).checked ? one.value : null;
  if (one instanceof HTMLInputElement && one.type === "checkbox") return one.checked === one.defaultChecked ? null : one.checked;
  if (one instanceof HTMLInputElement && one.type === "radio") return one.checked && one.value ? true : null;
  const text = one.value.trim();
  if (type === "flag") return text ? true : null;
  if (type === "dollars") return text.replace(/^\$/, "").replace(/^(?![1-9]\d*,\d{3}\b)(\d*),/, "$1.") || null; // "1,500" may mean either
  return text && number !== undefined ? Number(text) : text || null;
}

class Start {
  /** @param {HTMLDialogElement} dialog @param {(job: any) => void} begun @param {object} more */
  constructor(dialog, begun, more) {
    this.dialog = dialog;
    this.form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    this.kind = dialog.dataset.work ?? "";
    this.begun = begun;
    this.more = more;
    this.doing = "";
    /** @type {Plan|null} */ this.plan = null;
    this.error = "";
    this.busy = "planning";
    this.asked = this.timer = 0;
    const ends = new AbortController();
    const on = { signal: (this.ends = ends.signal) };
    this.form.addEventListener("input", (event) => this.changed(/** @type {HTMLElement} */ (event.target)), on);
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.go(); }, on);
    this.form.querySelector("[data-cancel]")?.addEventListener("click", () => dialog.close(), on);
    const deaf = live.on("plan", ({ words }) => { this.doing = words; if (this.busy === "planning") this.show(); });
    dialog.addEventListener("close", () => { deaf(); ends.abort(); window.clearTimeout(this.timer); this.asked += 1; }, on);
    this.form.reset();
    dialog.showModal();
    this.changed(null);
  }

  /** Whether a model is asked, so that there are a lane, a price and an end. */
  get asks() {
    const judge = this.form.elements.namedItem("ask_model");
    return ["curate", "ingest"].includes(this.kind) || (judge instanceof HTMLInputElement && judge.checked);
  }

  given() {
    /** @type {Record<string, any>} */
    const options = { ...this.more };
    for (const one of /** @type {Iterable<Control>} */ (this.form.elements)) {
      if (!one.name || one.matches(":disabled")) continue;
      const value = valueOf(one);
      if (value === null) continue;
      if (one.dataset.type === "list") (options[one.name] ??= []).push(value);
      else options[one.name] = value;
    }
    if (!options.by) delete options.by_strict;
    return options;
  }

  /** Plan anew, once nothing has changed for a moment; only the newest answer counts. @param {HTMLElement|null} what */
  changed(what) {
    const terms = /** @type {HTMLFieldSetElement|null} */ (this.form.querySelector("[data-terms]"));
    if (terms) terms.hidden = terms.disabled = !this.asks;
    const slider = /** @type {HTMLInputElement|null} */ (this.form.querySelector("[type=range]"));
    const minutes = slider ? MINUTES[Number(slider.value)] : undefined;
    const words = minutes ? `within ${span(minutes * 60)}` : "no deadline";
    slider?.setAttribute("aria-valuetext", words);
    this.write("[data-by]", words);
    this.write("[data-strict]", null, !minutes);
    window.clearTimeout(this.timer);
    this.busy = "planning";
    if (what?.matches("[name=ask_model]")) this.plan = null;
    this.show();
    this.timer = window.setTimeout(() => this.replan(), what ? PLAN_AFTER_MS * (what.matches("[type=range], [type=checkbox], [type=radio], select") ? 1 : 2) : 0);
  }

  /** @param {string} place @param {string|null} words @param {boolean} [hidden] */
  write(place, words, hidden = false) {
    const found = /** @type {HTMLElement|null} */ (this.form.querySelector(place));
    if (!found) return;
    if (words !== null) found.textContent = words;
    found.hidden = hidden;
  }

  async replan() {
    const number = (this.asked += 1);
    let [plan, error] = [/** @type {Plan|null} */ (null), ""];
    const wrong = /** @type {HTMLInputElement|null} */ (this.form.querySelector("input:invalid"));
    if (wrong) error = `${wrong.labels?.[0].textContent}: ${wrong.title || wrong.validationMessage}`;
    else plan = await api("POST", "/api/plan", { kind: this.kind, options: this.given() }, this.ends).catch((failed) => { error = failed.message; });
    if (number !== this.asked) return;
    [this.plan, this.error, this.busy] = [plan ?? null, error, ""];
    if (plan && this.asks) say(plan.problem || `${usd(plan.price_usd)}, in about ${span(plan.p50)}`);
    this.show();
  }

  async go() {
    if (this.form.querySelector("[data-go][aria-disabled=true]")) return;
    this.busy = "starting";
    this.show();
    const run = this.plan?.unfinished;
    const work = run ? { kind: "resume", options: { run } } : { kind: this.kind, options: this.given() };
    const begun = await api("POST", "/api/runs", { ...work, agreed_usd: this.plan?.price_usd ?? "0" }).catch((failed) => {
      [this.error, this.busy] = [failed.message, ""];
    });
    if (!begun) return this.show();
    this.dialog.close();
    this.begun(begun.job);
  }

  show() {
    const plan = this.plan;
    const ingests = this.kind === "ingest";
    const go = /** @type {HTMLButtonElement} */ (this.form.querySelector("[data-go]"));
    go.setAttribute("aria-disabled", String(Boolean(this.busy || this.error || plan?.problem || (ingests && !plan?.items))));
    const verb = this.kind === "tidy" ? this.given().kinds && "Write into" : /** @type {Record<string, string>} */ ({ curate: "Curate", ingest: "Make" })[this.kind];
    go.textContent = this.busy === "starting" ? "Starting…" : plan?.unfinished ? "Go on with that run"
      : plan?.items && verb ? `${verb} ${counted(plan.items, "note")}` : go.dataset.go ?? "Go";
    this.write("[data-again]", null, !plan?.unfinished && !this.given().again);
    const place = /** @type {HTMLElement} */ (this.form.querySelector("[data-outlook]"));
    place.setAttribute("aria-busy", String(this.busy === "planning"));
    render(html`${this.error ? html`<p class="notice notice-bad" role="alert">${this.error}</p>` : nothing}
      ${plan ? this.outlook(plan) : nothing}
      ${this.busy === "planning" ? html`<p class="at-work ${plan ? "over" : "hint"}"><progress class="progress" aria-label="Planning"></progress>
        ${plan ? nothing : ingests ? `${this.doing || "Reading the sources"}…` : this.asks && this.kind === "link" ? "Finding the pairs that a model would judge, to know the price. In a large vault this takes minutes." : "Looking at your notes…"}</p>` : nothing}`, place);
    const band = /** @type {SVGElement|null} */ (this.form.querySelector("[data-band]"));
    const [from, to] = [placeOf(plan?.p50 ?? 0), placeOf(plan?.p90 ?? 0)];
    if (band) render(plan ? svg`<rect x=${Math.min(from, 99)} width=${Math.max(1, to - from)} height="4"/>` : nothing, /** @type {any} */ (band));
  }

  /** @param {Plan} plan */
  outlook(plan) {
    const at = Date.now() / 1000;
    const rest = plan.items - plan.stages.reduce((sum, one) => sum + one, 0);
    const batch = plan.lane === "batch";
    const said = !this.asks || !plan.items ? [] : [
      plan.stages.length ? `Stages of ${[...plan.stages, rest].join(", ")} notes; you agree after each.` : "",
      plan.vocabulary ? "A vocabulary is proposed first, for you to accept." : "",
      plan.priced < plan.items ? `Estimated from ${counted(plan.priced, "note")} of ${plan.items.toLocaleString("en")}.` : "",
      (batch ? plan.measured.batches : plan.measured.calls) ? `The time is what ${batch ? counted(plan.measured.batches, "batch", "batches") : counted(plan.measured.calls, "call")} took here.` : "The time is the usual one: too little was measured here yet.",
    ];
    return html`
      ${plan.unfinished ? html`<p class="notice notice-warn">The run <a href=${`/runs/${encodeURIComponent(plan.unfinished)}`}>${plan.unfinished}</a> has not ended.</p>` : nothing}
      ${plan.sources.length ? html`<ul class="sources" tabindex="0" aria-label="Sources">${plan.sources.map((one) => html`<li class="break">
        <span class="badge ${one.became === "unread" ? "badge-bad" : one.became === "left" ? "badge-warn" : ""}">${BECAME[one.became]}</span> <b>${one.title}</b> <span class="hint">${one.words}</span></li>`)}</ul>` : nothing}
      ${plan.problem ? html`<p class="notice notice-bad" role="alert">Not possible: ${plan.problem}.</p>` : nothing}
      ${this.asks ? html`<dl class="figures">
        <div class="figure"><dt>Price</dt><dd><span data-price>${usd(plan.price_usd)}</span> <small>at most ${usd(plan.worst_usd)}</small></dd></div>
        <div class="figure"><dt>Finished in</dt><dd><span data-finish>${span(plan.p50)}</span> <small>at ${when(at + (plan.p50 ?? 0))}; 9 times out of 10 by ${when(at + (plan.p90 ?? 0))}</small></dd></div>
        <div class="figure"><dt>Lane</dt><dd data-lane>${batch ? "Batch" : "Real time"}</dd></div></dl>` : nothing}
      <p data-reason>${plan.reason.charAt(0).toUpperCase()}${plan.reason.slice(1)}.</p>
      <p class="hint">${said.filter(Boolean).join(" ")}</p>`;
  }
}

/** Open the dialog for a kind of work. @param {string} kind @param {(job: any) => void} begun @param {object} [more] options that were chosen before */
export function start(kind, begun, more = {}) {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.querySelector(`dialog[data-work="${CSS.escape(kind)}"]`));
  if (dialog && !dialog.open) new Start(dialog, begun, more);
}
