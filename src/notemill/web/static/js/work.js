// Work as it goes on, on Home and where sources are ingested: its questions, its progress, what became of it.
import { api, counted, define, fault, html, nothing, render, repeat, say, toast, usd } from "./core.js";
import { live } from "./live.js";
import "./question.js";

/** @typedef {import("./question.js").Job} Job */
/** @typedef {{run: string, kind: string, state: string|null, running: boolean, cost_usd: string, counts: null|Record<string, number>}} Run */

const JOBS_SHOWN = 4;
const RUNNING = ["working", "asks"];
const WROTE = ["apply", "tidy", "change tags"];
const TITLES = /** @type {Record<string, string>} */ ({ curate: "Curating", ingest: "Ingesting", followed: "Looking at what you follow", link: "Finding links", tags: "Looking at tags", tidy: "Tidying", apply: "Applying", undo: "Undoing", resume: "Going on", "change tags": "Changing tags", run: "Prompts" });

/** All work, or that of the kinds in the attribute `of`; the event "work" says that it has moved on. */
export class NmWork extends HTMLElement {
  jobs = /** @type {Map<string, Job>} */ (new Map());
  runs = /** @type {Map<string, Run>} */ (new Map());

  connectedCallback() {
    this.addEventListener("answered", (event) => this.take(/** @type {CustomEvent} */ (event).detail));
    live.on("snapshot", (/** @type {{jobs: Job[], runs?: Run[]}} */ { jobs, runs }) => {
      this.jobs = new Map(jobs.map((job) => [job.id, job]));
      this.runs = new Map((runs ?? []).map((run) => [run.run, run]));
      this.work();
      this.moved();
    });
    live.on("job", (message) => this.take(message.job));
    live.on("run", (message) => { this.runs.set(message.run, message); this.work(); });
  }

  moved() { this.dispatchEvent(new CustomEvent("work", { bubbles: true })); }

  /** The kind of a job; of one that goes on, that of its run. @param {Job} job */
  kindOf(job) { return (job.kind === "resume" && this.runs.get(job.run)?.kind) || job.kind; }

  /** @param {string} kind */
  isShown(kind) { return this.getAttribute("of")?.split(" ").includes(kind) ?? true; }

  /** @param {Job} job */
  take(job) {
    const before = this.jobs.get(job.id);
    this.jobs.set(job.id, job);
    this.work();
    if (!this.isShown(this.kindOf(job))) return;
    if (!before) say(`${TITLES[job.kind] ?? job.kind}: started`);
    if (job.question && before?.question?.id !== job.question.id) {
      say(`A question waits: ${job.question.text}`);
      this.moved();
    }
    if (RUNNING.includes(job.state)) return;
    this.moved();
    if (before && RUNNING.includes(before.state) && !job.question) {
      toast(job.result?.words ?? job.error ?? "Stopped.", { tone: job.result ? (job.result.whole ? "good" : "plain") : "bad" });
    }
  }

  work() {
    const newest = [...this.jobs.values()].reverse().filter((job) => this.isShown(this.kindOf(job)));
    const jobs = newest.filter((job, at) => !job.run || newest.findIndex((one) => one.run === job.run) === at);
    const shown = jobs.filter((job, at) => RUNNING.includes(job.state) || job.question || at < JOBS_SHOWN);
    const mine = new Set(shown.map((job) => job.run));
    const others = [...this.runs.values()].filter((run) => run.state === "open" && this.isShown(run.kind) && !mine.has(run.run));
    const place = /** @type {HTMLElement|null} */ (this.querySelector("[data-work]"));
    if (place) render(html`${repeat(shown, (job) => job.id, (job) => this.job(job))}
      ${repeat(others, (run) => run.run, (run) => html`<article class="work">${this.head(run.kind, run.run, run.running ? ["live", "running elsewhere"] : ["warn", "paused"])}${this.progress(run)}</article>`)}`, place);
    const idle = /** @type {HTMLElement|null} */ (this.querySelector("[data-idle]"));
    if (idle) idle.hidden = shown.length + others.length > 0;
  }

  /** @param {Job} job */
  job(job) {
    const done = job.result;
    const states = /** @type {Record<string, [string, string]>} */ ({
      working: ["live", "working"], asks: ["warn", "asks you"], ended: done?.whole ? ["good", "done"] : ["warn", "done in part"],
      failed: ["bad", "failed"], stopped: ["warn", job.question ? "waits for you" : "stopped"],
    });
    const run = this.runs.get(job.run);
    return html`<article class="work">${this.head(this.kindOf(job), job.run, states[job.state])}
      ${run?.counts ? this.progress(run) : job.state === "working" ? html`<progress class="progress" aria-label="Working"></progress>` : nothing}
      <p class="break hint">${done ? html`${done.words} ${done.found ? html`<a href="/review">Review</a>` : nothing}
        ${job.run && WROTE.includes(job.kind) ? html`<button class="btn btn-quiet" @click=${() => this.change("/api/undo", { run: job.run })}>Undo</button>` : nothing}` : (!job.question && job.error) || job.lines.at(-1)}</p>
      ${done?.left.length ? html`<ul class="left">${done.left.map((one) => html`<li class="break"><b>${one.note}</b>: ${one.message}</li>`)}</ul>` : nothing}
      <nm-question .job=${job}></nm-question></article>`;
  }

  /** Begin work that needs no plan. @param {string} path @param {object} body */
  async change(path, body) {
    const begun = await api("POST", path, body).catch(fault);
    if (begun) this.take(begun.job);
  }

  /** @param {string} kind @param {string} run @param {[string, string]} state */
  head(kind, run, [tone, words]) {
    return html`<header class="row"><h3>${TITLES[kind] ?? kind}</h3><span class="badge badge-${tone}">${words}</span>
      ${run ? html`<a class="mono clip" href=${`/runs/${encodeURIComponent(run)}`}>${run}</a>` : nothing}</header>`;
  }

  /** @param {Run} run */
  progress(run) {
    const { total = 0, succeeded = 0, pending = 0, running = 0, submitted = 0 } = run.counts ?? {};
    if (!total) return nothing;
    return html`<progress class="progress" max=${total} value=${total - pending - running - submitted} aria-label="Answered"></progress>
      <p class="row between hint"><span>${succeeded.toLocaleString("en")} of ${counted(total, "answer")}${submitted ? `, ${submitted.toLocaleString("en")} in batches` : ""}</span><span>${usd(run.cost_usd)}</span></p>`;
  }
}

define("nm-work", NmWork);
