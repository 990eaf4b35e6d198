// The review: the queue of proposals, decided one key each.
//
// A key is bound to the proposal in focus when it is pressed, and focus goes on at once. What was
// pressed is sent in that order, one after another; until the server has saved it, nothing is counted.
import { api, counted, data, define, fault, html, later, nothing, render, repeat, say, span, toast } from "./core.js";
import { keyFor, keys, modal, words } from "./keys.js";
import { live } from "./live.js";

/** @typedef {"accept"|"reject"|"never"} Choice */
/** @typedef {{id: string, kind: string, note: string, notes: string[], value: string, replaces: string, why: string,
 *   confidence: number|null, run: string, state: string, scope: string, edit: string|null, group: string, stale: boolean}} Row */
/** @typedef {{items: Row[], next: string|null, counts: Record<string, number>, matching: Record<string, number>,
 *   kinds: Record<string, number>, groups: Record<string, number>, left_s: number}} Listing */
/** @typedef {{old: number|null, new: number|null, pieces: [string, string][]}} Line */
/** @typedef {{item: Row, lines: Line[], above: number, below: number, notes: string[], more_notes: number,
 *   excerpts: {note: string, lines: string[], more: number, problem: string}[], problem: string}} Detail */
/** What was pressed: a decision on one row, on a row's group, or an undo. @typedef {{id: string, rows: string[], turn?: number,
 *   choice?: Choice, was?: string, value?: string, count?: number, sent?: Promise<Outcome>}} Step */
/** @typedef {{changed: Row[], unchanged: Row[], missing: string[]}} Outcome */
/** @typedef {{id: string, text: string, error: string, was?: string}} Editing */

const PAGE = 100;
const MOST_ROWS = 400;
const AHEAD = 40;
const LOOK_AGAIN_MS = 4000;
const REFRESH_MS = 250;
const SEARCH_MS = 250;
const DECIDABLE = ["pending", "accepted", "rejected"];
const TAGS = ["tag", "new tag", "vocabulary tag"];
const OF_VAULT = { "vocabulary tag": "Proposed vocabulary", "tag change": "Changes of tags" };
const STATES = /** @type {const} */ ({ pending: "Open", accepted: "Accepted", rejected: "Rejected", applied: "Written", conflict: "Conflicts", undone: "Undone" });
const KINDS = [
  ["Notes", ["note"]], ["Descriptions", ["description"]], ["Tags", ["tag", "new tag"]], ["New tags", ["new tag"]], ["Topics", ["topic"]],
  ["Links", ["link"]], ["Changes of tags", ["tag change", "query change"]], ["Form", ["tidy change"]], ["Vocabulary", ["vocabulary tag"]],
];

const title = (/** @type {string} */ note) => note.replace(/\.md$/i, ""); // a path without its suffix
/** @param {Row} row */
function valueOf(row) {
  if (row.kind === "tag change") return row.value ? `#${row.replaces} → #${row.value}` : `#${row.replaces} goes`;
  if (row.kind === "query change") return `${row.replaces} → ${row.value}`;
  if (row.kind === "link") return row.notes.map((note) => `\u2068${title(note)}\u2069`).join(" ↔ ");
  return TAGS.includes(row.kind) ? `#${row.value}` : row.value;
}

class Review extends HTMLElement {
  given = data("review-data");
  folders = /** @type {string[]} */ (this.given.folders);
  last = /** @type {Listing} */ (this.given.listing);
  next = /** @type {string|null} */ (null);
  rows = /** @type {Map<string, Row>} */ (new Map());
  details = /** @type {Map<string, Detail>} */ (new Map());
  faults = /** @type {Map<string, string>} */ (new Map());
  saving = /** @type {Map<string, Choice>} */ (new Map()); // by row
  steps = /** @type {Step[]} */ ([]);
  editing = /** @type {Editing|null} */ (null);
  vocabulary = /** @type {string[]} */ ([]);
  view = new URLSearchParams();
  current = "";
  begun = new URLSearchParams(location.search).get("at") ?? ""; // the row that the list begins at, '' for its beginning
  button = ""; // the one pressed last, '' for a key: the next row's has focus then
  fetching = "";
  changes = 0;
  writing = 0;
  turn = Date.now(); // of the key pressed last; a reload goes on with higher ones
  narrow = matchMedia("(max-width: 1000px)");

  connectedCallback() {
    const { listing, detail } = this.given;
    this.readAddress();
    this.replaceChildren();
    this.take(listing, true);
    if (detail) this.details.set(detail.item.id, detail);
    this.start(this.begun);
    const [down, up] = [{ label: "Next", run: () => this.move(1), repeats: true }, { label: "Previous", run: () => this.move(-1), repeats: true }];
    keys({
      A: { label: "Accept", run: () => this.decide("accept") },
      X: { label: "Reject, for this note", run: () => this.decide("reject") },
      N: { label: "Never: reject for all notes", run: () => this.decide("never") },
      E: { label: "Edit, then accept", run: () => this.edit() },
      U: { label: "Undo your last decision", run: () => this.undo() },
      J: down, K: up, ArrowDown: down, ArrowUp: up,
      "Shift+A": { label: "Accept all open ones of this note or value", run: () => this.decideGroup("accept") },
      "Shift+X": { label: "Reject all open ones of this note or value", run: () => this.decideGroup("reject") },
      "/": { label: "Search", run: () => this.querySelector("input")?.focus() },
    });
    for (const type of ["review", "snapshot"]) live.on(type, () => this.refreshSoon());
    live.on("state", ({ connected }) => { if (connected) this.refreshSoon(); });
    document.addEventListener("notemill-keys", () => this.draw());
    window.addEventListener("popstate", () => this.open(new URLSearchParams(location.search).get("at") ?? ""));
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.refreshSoon(); });
    window.addEventListener("focus", () => this.refreshSoon());
    window.addEventListener("pagehide", () => this.writeAddress());
    window.addEventListener("beforeunload", () => this.leave());
    this.narrow.addEventListener("change", () => this.draw());
    window.setInterval(() => this.lookAgain(), LOOK_AGAIN_MS);
  }

  // -- what is shown -----------------------------------------------------------------------------

  /** The rows by group, in the order of the screen. @returns {[string, Row[]][]} */
  grouped() {
    /** @type {Map<string, Row[]>} */ const found = new Map();
    for (const row of this.rows.values()) {
      const key = this.order === "confidence" ? "" : row.group;
      found.set(key, [...(found.get(key) ?? []), row]);
    }
    return [...found];
  }

  get order() { return this.view.get("order") ?? "note"; }
  get row() { return this.rows.get(this.current); }
  listed() { return this.grouped().flatMap(([, rows]) => rows); }
  /** @param {Row} row */
  isOpen(row) { return row.state === "pending" && !this.saving.has(row.id) && !this.steps.some((step) => step.count && this.rows.get(step.id)?.group === row.group); }
  /** Whether none is left to decide, where that is what is shown. */
  get isEnded() { return !this.next && (!this.view.has("state") || this.view.get("state") === "pending") && ![...this.rows.values()].some((row) => this.isOpen(row)); }

  /** How many are open in a row's group, without those being saved. @param {Row} row */
  openIn(row) {
    const away = [...this.saving.keys()].filter((id) => this.rows.get(id)?.group === row.group && this.rows.get(id)?.state === "pending");
    return Math.max(0, (this.last.groups[row.group] ?? 0) - away.length);
  }

  readAddress() {
    this.view = new URLSearchParams(location.search);
    for (const place of ["at", "after"]) this.view.delete(place);
  }

  /** The address of another view. @param {Record<string, string|string[]|null>} changes */
  address(changes) {
    const view = new URLSearchParams(this.view);
    for (const [name, value] of Object.entries(changes)) {
      view.delete(name);
      for (const one of [value].flat()) if (one) view.append(name, one);
    }
    return view.size ? `/review?${view}` : "/review";
  }

  writeAddress() { history.replaceState(null, "", this.address({ at: this.current || null })); }

  /** What the API is asked for. @param {Record<string, string|string[]>} more */
  query(more) {
    const view = new URLSearchParams(this.view);
    if (!view.has("state")) view.set("state", "pending");
    if (view.get("state") === "all") view.delete("state");
    for (const [name, values] of Object.entries(more)) for (const one of [values].flat()) view.append(name, one);
    return `/api/review?${view}`;
  }

  // -- loading -----------------------------------------------------------------------------------

  /** @param {Listing} listing @param {boolean} anew */
  take(listing, anew) {
    if (anew) this.rows.clear();
    for (const row of listing.items) this.rows.set(row.id, row);
    this.next = listing.next;
    this.last = { ...listing, groups: { ...(anew ? {} : this.last.groups), ...listing.groups } };
  }

  /** Begin at a row, or at the first open one after it. @param {string} at */
  start(at) {
    const rows = this.listed();
    const from = Math.max(0, rows.findIndex((row) => row.id === at));
    this.current = ([...rows.slice(from), ...rows].find((row) => this.isOpen(row)) ?? rows[from])?.id ?? "";
    this.draw();
    this.focusRow(this.current !== rows[0]?.id); // a page is read from its top
    this.lookAhead();
  }

  /** Show the view of the address. @param {string} [at] */
  async open(at = "") {
    window.clearTimeout(this.writing);
    this.readAddress();
    this.editing = null;
    if (await this.load("", at)) this.start(at);
  }

  /** Load a page of the list. @param {string} after @param {string} [at] a row to have in it @param {boolean} [anew] @returns {Promise<boolean>} */
  async load(after, at = "", anew = !after) {
    const asked = this.query({ limit: String(PAGE), by: await front, ...(after && { after }) });
    this.fetching = asked;
    try {
      const listing = await api("GET", asked);
      if (this.fetching !== asked) return false;
      this.take(listing, anew);
      if (!after) this.begun = "";
      if (at && !after && !this.rows.has(at)) await this.add([at]);
      return true;
    } catch (error) {
      fault(error);
      return false;
    } finally {
      if (this.fetching === asked) this.fetching = "";
      this.draw();
    }
  }

  /** Put rows that are not in the list before the current one. @param {string[]} ids */
  async add(ids) {
    const { items } = /** @type {Listing} */ (await api("GET", this.query({ ids, by: await front })));
    const rows = [...this.rows.values()];
    const at = Math.max(0, rows.findIndex((row) => row.id === this.current));
    this.rows = new Map([...rows.slice(0, at), ...items.filter((row) => !this.rows.has(row.id)), ...rows.slice(at)].map((row) => [row.id, row]));
  }

  /** Load more before the open ones run out, and let go of what lies far behind. */
  async lookAhead() {
    const rows = this.listed();
    const at = rows.findIndex((row) => row.id === this.current);
    const ahead = rows.slice(at + 1).filter((row) => this.isOpen(row));
    for (const row of ahead.slice(0, 2)) this.look(row.id);
    if (this.next && !this.fetching && ahead.length < AHEAD) {
      for (const row of rows.slice(0, Math.max(0, at - AHEAD))) {
        if (this.rows.size > MOST_ROWS && !this.saving.has(row.id)) this.rows.delete(row.id);
      }
      const had = this.current;
      if ((await this.load(this.next)) && !had) this.start("");
    }
  }

  /** Fetch a proposal's source. @param {string} id */
  async look(id, again = false) {
    if (!id || (this.details.has(id) && !again)) return;
    const detail = await api("GET", `/api/review/rows/${id}?order=${this.order}`).catch(() => null);
    if (detail) { // else it is gone, or there is no connection: the list tells which
      this.details.delete(id);
      this.details.set(id, detail);
      for (const old of [...this.details.keys()].slice(0, Math.max(0, this.details.size - 40))) this.details.delete(old);
      const row = this.rows.get(id);
      if (row && row.stale !== detail.item.stale) this.rows.set(id, { ...row, stale: detail.item.stale });
    }
    if (id === this.current) this.draw();
  }

  /** A note may be edited at any time: look at the one shown. */
  lookAgain() { if (!document.hidden && live.connected) this.look(this.current, true); }

  refreshSoon = later(REFRESH_MS, () => this.refresh());

  /** Show what is true now: rows that others decided, that are gone, or that are new. */
  async refresh() {
    if (this.steps.length) return this.refreshSoon();
    const changes = this.changes;
    const ids = [...this.rows.keys()].slice(0, MOST_ROWS);
    const asked = this.query({ by: await front, ...(ids.length ? { ids } : { limit: "1" }) });
    const now = /** @type {Listing|null} */ (await api("GET", asked).catch(() => null));
    if (!now) return;
    if (changes !== this.changes || this.steps.length) return this.refreshSoon();
    const there = new Map(now.items.map((row) => [row.id, row]));
    const before = this.row;
    for (const id of ids) { // not those that came meanwhile
      const [old, row] = [this.rows.get(id), there.get(id)];
      if (old && row) this.rows.set(id, { ...row, group: old.group });
      else this.rows.delete(id);
    }
    this.last = { ...now, next: this.next };
    const open = [...this.rows.values()].filter((row) => row.state === "pending").length;
    const states = this.view.getAll("state");
    if (!this.next && (now.matching.pending ?? 0) > open && (!states.length || states.includes("pending"))) {
      // By value, groups stay where they are; those before the first one shown have to come before it.
      await this.load("", this.current, this.order !== "value" || this.begun !== "");
    }
    if (!this.row || (before?.state === "pending" && this.row.state !== "pending" && this.editing?.id !== this.current)) this.advance();
    this.draw();
    this.look(this.current, true);
  }

  // -- moving ------------------------------------------------------------------------------------

  /** @param {number} by */
  move(by) {
    if (!this.current) return;
    const rows = this.listed();
    const at = rows.findIndex((row) => row.id === this.current);
    this.show(rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.id ?? this.current);
    this.lookAhead();
  }

  /** @param {string} id */
  show(id) {
    if (id !== this.current) this.editing = null;
    this.current = id;
    this.draw();
    this.focusRow();
    this.look(id);
    window.clearTimeout(this.writing);
    this.writing = window.setTimeout(() => this.writeAddress(), SEARCH_MS);
  }

  /** Go to the next open row, or to none. */
  advance() {
    const rows = this.listed();
    const at = rows.findIndex((row) => row.id === this.current);
    this.show([...rows.slice(at + 1), ...rows.slice(0, at + 1)].find((row) => this.isOpen(row))?.id ?? "");
    this.lookAhead();
  }

  /** Give the current row focus, or its button of the same name as the one that had it. */
  focusRow(scrolls = true) {
    const active = /** @type {HTMLElement|null} */ (document.activeElement);
    if (active?.closest("dialog, .toasts, .search, select")) return;
    const place = this.querySelector("[aria-current=true]") ?? this.querySelector(".ended");
    const button = this.button ? place?.querySelector(`[data-do="${this.button}"]`) : null;
    /** @type {HTMLElement|null} */ (button ?? place)?.focus({ preventScroll: true });
    if (scrolls) place?.scrollIntoView({ block: "nearest" });
  }

  // -- deciding ----------------------------------------------------------------------------------

  /** @param {Choice} choice @param {string} [value] @param {string} [was] the state that was seen, if not the one shown now */
  decide(choice, value, was) {
    const { row } = this;
    if (!row || this.saving.has(row.id)) return;
    if (!DECIDABLE.includes(row.state)) return toast(`This is ${row.state} already; what was written is undone by its run.`);
    this.press({ id: row.id, rows: [row.id], choice, was: was ?? row.state, value });
    this.advance();
  }

  /** @param {Choice} choice */
  decideGroup(choice) {
    const { row } = this;
    if (!row) return;
    const count = this.openIn(row);
    if (!count) return toast("Nothing is open here.");
    const rows = [...this.rows.values()].filter((one) => one.group === row.group && this.isOpen(one));
    this.press({ id: row.id, rows: rows.map((one) => one.id), choice, count });
    this.advance();
  }

  undo() { this.press({ id: "", rows: [] }); }

  /** @param {Step} step */
  press(step) {
    for (const id of step.rows) {
      this.saving.set(id, /** @type {Choice} */ (step.choice));
      this.faults.delete(id);
    }
    this.steps.push({ ...step, turn: (this.turn += 1) });
    this.draw();
    if (this.steps.length === 1) this.send();
  }

  /** Send all that still waits: the page ends, and with it their turns; the server keeps their order. */
  leave() { for (const step of this.steps) (step.sent ??= this.sent(step, true)).catch(() => {}); }

  /** Send what was pressed, one after another; if one is refused, what follows it is not sent. */
  async send() {
    while (this.steps.length) {
      const step = this.steps[0];
      try {
        const done = await (step.sent ??= this.sent(step));
        this.changes += 1;
        this.steps.shift();
        for (const id of step.rows) this.saving.delete(id);
        await this.saved(step, done);
      } catch (error) {
        this.refused(/** @type {Error} */ (error));
      }
      this.draw();
    }
    if (!this.row && !this.isEnded) this.advance();
    this.refreshSoon();
  }

  /** @param {Step} step @param {boolean} [early] whether the one before it may be under way @returns {Promise<Outcome>} */
  async sent({ id, choice, was, value, count, turn = 0 }, early = false) {
    const who = { by: await front, turn, after: early ? turn - 1 : 0 };
    if (!choice) return api("POST", "/api/review/undo", who);
    if (count === undefined) return api("POST", "/api/review/decisions", { ids: [id], decision: choice, was, value, ...who });
    return api("POST", `/api/review/group?${this.query({}).split("?")[1]}`, { id, decision: choice, count, ...who });
  }

  /** @param {Step} step @param {Outcome} done */
  async saved(step, { changed, unchanged, missing }) {
    for (const row of [...changed, ...unchanged]) this.became(row, step.choice);
    for (const id of missing) this.rows.delete(id);
    if (!step.choice) return this.undone(changed, unchanged);
    for (const { id, state } of unchanged) this.faults.set(id, `Decided elsewhere meanwhile: ${state}. It was left so.`);
    if (unchanged.length) toast(`${counted(unchanged.length, "proposal")} had been decided elsewhere, and stayed so.`);
    if (missing.length) toast("This is no longer proposed.");
    const left = this.last.matching.pending ?? 0;
    if (changed.length) say(`${counted(changed.length, "proposal")} ${changed[0].state}, ${left.toLocaleString("en")} left`);
  }

  /** Take a row's new state, and count it. @param {Row} row @param {Choice} [choice] */
  became(row, choice) {
    const old = this.rows.get(row.id);
    if (!old) return;
    this.rows.set(row.id, { ...old, ...row, edit: old.edit === null ? null : row.value, scope: choice === "never" ? "never" : "" });
    this.details.delete(row.id);
    if (old.state === row.state) return;
    for (const counts of [this.last.counts, this.last.matching]) {
      counts[old.state] = Math.max(0, (counts[old.state] ?? 0) - 1);
      counts[row.state] = (counts[row.state] ?? 0) + 1;
    }
    const more = Number(row.state === "pending") - Number(old.state === "pending");
    this.last.groups[old.group] = Math.max(0, (this.last.groups[old.group] ?? 0) + more);
  }

  /** @param {Row[]} changed @param {Row[]} unchanged */
  async undone(changed, unchanged) {
    if (!changed.length && !unchanged.length) return toast("There is nothing to undo on this page.");
    if (unchanged.length) toast(`${counted(unchanged.length, "proposal")} could not be undone: decided elsewhere since, or written.`);
    if (!changed.length) return;
    say(`undone: ${counted(changed.length, "decision")}`);
    const away = changed.filter((row) => !this.rows.has(row.id)).map((row) => row.id);
    if (away.length) await this.add(away).catch(() => {});
    const back = new Set(changed.map((row) => row.id));
    this.show(this.listed().find((row) => back.has(row.id))?.id ?? this.current);
  }

  /** Open again what was not saved, and say so. @param {Error} error */
  refused(error) {
    const [first, ...later] = this.steps.splice(0);
    const more = later.length ? ` ${counted(later.length, "key")} pressed after it ${later.length === 1 ? "was" : "were"} not sent.` : "";
    for (const step of [first, ...later]) for (const id of step.rows) this.saving.delete(id);
    toast(`Not saved: ${error.message}${more}`, { tone: "bad" });
    if (!first.id || !this.rows.has(first.id)) return;
    this.faults.set(first.id, `Not saved: ${error.message}`);
    this.show(first.id);
    if (first.value !== undefined) this.edit({ id: first.id, text: first.value, error: error.message, was: first.was });
  }

  // -- editing -----------------------------------------------------------------------------------

  /** @param {Editing} [again] */
  async edit(again) {
    const { row } = this;
    if (!row || this.saving.has(row.id)) return;
    if (row.edit === null || !DECIDABLE.includes(row.state)) return toast("There is nothing to edit in this one.");
    this.editing = again ?? { id: row.id, text: row.edit, error: "", was: row.state };
    this.draw();
    const field = /** @type {HTMLInputElement|null} */ (this.querySelector(".edit textarea, .edit input"));
    field?.focus();
    field?.select();
    if (TAGS.includes(row.kind) && !this.vocabulary.length) {
      this.vocabulary = (await api("GET", "/api/review/vocabulary").catch(() => ({ tags: [] }))).tags;
      this.draw();
    }
  }

  /** @param {KeyboardEvent} event */
  typed(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") this.leaveEdit();
    else if (event.key === "Enter" && !event.shiftKey) this.acceptEdit();
    else return;
    event.preventDefault();
  }

  leaveEdit() {
    this.editing = null;
    this.button = "";
    this.draw();
    this.focusRow();
  }

  acceptEdit() {
    const { editing, row } = this;
    if (!editing || !row) return;
    const value = editing.text.trim();
    this.editing = null;
    this.button = "";
    this.decide("accept", value === row.edit ? undefined : value, editing.was);
  }

  // -- applying ----------------------------------------------------------------------------------

  async apply() {
    let [before, done] = /** @type {any[]} */ ([null, null]);
    let [stage, line] = ["asks", ""];
    const failed = (/** @type {Error} */ error) => { [stage, line] = ["failed", error.message]; };
    const run = async (/** @type {Promise<any>} */ work, /** @type {string} */ then) => {
      stage = "works";
      shown.draw();
      await work.then((end) => { [stage, done] = [then, end]; }, failed);
      shown.draw();
      shown.dialog.querySelector("button")?.focus();
      if (!shown.dialog.isConnected) toast(stage === "failed" ? line : done.words, { tone: stage === "failed" ? "bad" : "good" });
      this.refreshSoon();
    };
    const off = live.on("job", ({ job }) => {
      if (job.state !== "working" || !job.lines.length) return;
      line = job.lines.at(-1);
      shown.draw();
    });
    const shown = modal("Apply what you accepted", (close) => {
      const shut = (label = "Close") => html`<button class="btn ${label === "Close" ? "btn-primary" : ""}" @click=${once(close)}>${label}</button>`;
      if (stage === "works") return html`<p role="status">${line || "Writing…"}</p><progress class="progress"></progress>`;
      if (stage === "failed") return html`<p role="alert" class="notice notice-bad">${line}</p><div class="actions">${shut()}</div>`;
      if (stage !== "asks") return html`<p role="status" class="notice ${done.whole ? "notice-good" : "notice-warn"}">${done.words}</p>
        ${done.left?.length ? html`<ul class="left">${done.left.map((/** @type {any} */ one) => html`<li><b>${title(one.note)}</b>: ${one.message}</li>`)}</ul>` : nothing}
        <div class="actions">${stage === "written" && done.run ? html`<button class="btn" @click=${once(() => run(takeBack(done.run), "restored"))}>Undo</button>
          <a class="btn btn-quiet" href="/runs/${encodeURIComponent(done.run)}">The run</a>` : nothing}${shut()}</div>`;
      if (!before) return html`<p class="loading">Counting…</p>`;
      const kinds = Object.entries(before.kinds);
      if (!kinds.length) return html`<p>Nothing is accepted yet.</p><div class="actions">${shut()}</div>`;
      return html`<p>This writes ${new Intl.ListFormat("en").format(kinds.map(([kind, count]) => counted(Number(count), kind)))} into
          ${counted(before.notes, "note")}. One undo restores them byte for byte.</p>
        ${before.changed.length ? html`<div class="notice notice-warn"><p>Of these, changed since they were proposed, and left as they are:</p>
          <ul>${before.changed.map((/** @type {string} */ note) => html`<li>${title(note)}</li>`)}</ul>${more(before.more_changed, "note")}</div>` : nothing}
        <div class="actions">${shut("Cancel")}
          <button class="btn btn-primary" @click=${once(() => run(api("POST", "/api/review/apply", {}), "written"))}>Apply</button></div>`;
    }, off);
    before = await api("GET", "/api/review/apply").catch(failed);
    shown.draw();
    /** @type {HTMLElement|null} */ (shown.dialog.querySelector(".actions .btn-primary"))?.focus();
  }

  // -- drawing -----------------------------------------------------------------------------------

  draw() {
    const pending = this.last.counts.pending ?? 0;
    document.title = document.title.replace(/^(\([\d,]+\) )?/, pending ? `(${pending.toLocaleString("en")}) ` : "");
    render(this.screen(), this);
  }

  screen() {
    return html`
      <header class="bar"><h1>Review</h1>
        <nav class="tabs" aria-label="Order">${[["note", "By note"], ["value", "By value"], ["confidence", "By confidence"]].map(([order, label]) =>
          this.link({ order: order === "note" ? null : order }, label, this.order === order))}</nav>
        <button class="btn btn-quiet" data-keys>Keys</button>
        <button class="btn" aria-keyshortcuts="U" @click=${() => this.undo()}>Undo ${key("U")}</button>
        <button class="btn btn-primary" aria-describedby="accepted" @click=${() => this.apply()}>Apply</button>
        <span id="accepted" class="hint">${(this.last.counts.accepted ?? 0).toLocaleString("en")} accepted</span>
      </header>
      ${this.filters()}
      <div class="review"><div class="queue">${this.list()}</div>
        ${this.narrow.matches ? nothing : html`<section class="source panel" aria-label="Source">${this.source()}</section>`}</div>`;
  }

  /** A link to another view. @param {Record<string, string|string[]|null>} changes @param {unknown} label @param {boolean} chosen */
  link(changes, label, chosen) {
    return html`<a href=${this.address(changes)} aria-current=${chosen ? "page" : nothing} @click=${(/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
      event.preventDefault();
      this.go(changes);
    }}>${label}</a>`;
  }

  /** @param {Record<string, string|string[]|null>} changes */
  go(changes) {
    history.pushState(null, "", this.address(changes));
    this.button = "";
    this.open();
  }

  filters() {
    const left = this.last.matching.pending ?? 0;
    const states = this.view.getAll("state");
    const kinds = this.view.getAll("kind");
    const minutes = Math.max(1, Math.round(this.last.left_s / 60));
    return html`<div class="narrowing">
      <p class="pace">${left ? html`<b>${counted(left, "decision")}</b>, about ${minutes < 90 ? counted(minutes, "minute") : span(minutes * 60)}` : "Nothing left to decide here"}</p>
      <nav class="tabs" aria-label="State">${Object.entries(STATES).map(([state, label]) => {
        const count = this.last.counts[state] ?? 0;
        const chosen = states[0] === state || (state === "pending" && !states.length);
        return count || chosen || state === "pending" ? this.link({ state: state === "pending" ? null : state }, html`${label} <small>${count.toLocaleString("en")}</small>`, chosen) : nothing;
      })}</nav>
      <nav class="kinds" aria-label="Kind">${this.link({ kind: null }, "All kinds", !kinds.length)}${KINDS.map(([label, wanted]) => {
        const count = /** @type {string[]} */ (wanted).reduce((sum, kind) => sum + (this.last.kinds[kind] ?? 0), 0);
        const chosen = String(kinds) === String(wanted);
        return count || chosen ? this.link({ kind: wanted }, html`${label} <small>${count.toLocaleString("en")}</small>`, chosen) : nothing;
      })}${this.link({ max_confidence: this.view.has("max_confidence") ? null : "0.5" }, "Low confidence", this.view.has("max_confidence"))}</nav>
      <label class="visually-hidden" for="folder">Folder</label>
      <select id="folder" @change=${(/** @type {any} */ event) => this.go({ folder: event.target.value || null })}>
        <option value="" ?selected=${!this.view.get("folder")}>All folders</option>
        ${this.folders.map((folder) => html`<option ?selected=${this.view.get("folder") === folder} .value=${folder}>${folder}</option>`)}</select>
      <form class="search" role="search" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.leaveSearch(); }}>
        <label class="visually-hidden" for="find">Search in notes and values</label>
        <input id="find" type="search" placeholder="Search" maxlength="200" .value=${this.view.get("q") ?? ""}
          @input=${(/** @type {any} */ event) => this.searchFor(event.target.value)}
          @keydown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape" && !event.isComposing) this.leaveSearch(); }}></form>
    </div>`;
  }

  searchFor = later(SEARCH_MS, (text) => {
    history.replaceState(null, "", this.address({ q: text || null }));
    this.open();
  });

  leaveSearch() {
    /** @type {HTMLElement|null} */ (document.activeElement)?.blur();
    this.focusRow();
  }

  list() {
    return html`${this.isEnded || !this.rows.size ? this.ended() : nothing}${repeat(this.grouped(), ([group]) => group, ([, rows]) => html`<section class="group">
      ${this.order === "confidence" ? nothing : this.head(rows[0])}
      <ul>${repeat(rows, (row) => row.id, (row) => this.line(row))}</ul></section>`)}`;
  }

  /** @param {Row} row */
  head(row) {
    const open = this.openIn(row);
    const name = this.order !== "value" ? OF_VAULT[/** @type {keyof OF_VAULT} */ (row.kind)] ?? title(row.note)
      : row.kind === "link" ? `links with ${title(row.value)}` : valueOf(row);
    return html`<h2 class="head"><span class="clip" dir="auto" title=${name}>${name}</span>
      <small>${this.order === "value" && row.note ? counted(open, "note") : `${open.toLocaleString("en")} open`}</small></h2>`;
  }

  /** @param {Row} row */
  line(row) {
    const current = row.id === this.current;
    const saving = this.saving.get(row.id);
    const state = saving ? "saving" : row.state;
    return html`<li id="row-${row.id}" class="proposal" data-state=${state} tabindex=${current ? 0 : -1} aria-current=${current ? "true" : nothing}
        aria-busy=${saving ? "true" : nothing} @click=${(/** @type {MouseEvent} */ event) => this.picked(event, row)}>
      <div class="line"><span class="kind">${row.kind}</span>
        <span class="value ${current ? "" : "clip"}" dir="auto">${this.nameOf(row)}</span>
        ${row.stale && row.state === "pending" ? html`<span class="badge badge-warn">changed since</span>` : nothing}
        ${row.confidence === null ? nothing : html`<span class="sure" title="How sure the proposal is">${Math.round(row.confidence * 100)} %</span>`}
        ${state === "pending" ? nothing : html`<span class="badge ${{ accepted: "badge-good", applied: "badge-good", rejected: "badge-bad", conflict: "badge-warn", saving: "badge-live" }[state] ?? ""}">
          ${row.scope === "never" && !saving ? "never" : state === "applied" ? "written" : state}</span>`}</div>
      ${this.order === "confidence" && row.note ? html`<p class="of clip">${title(row.note)}</p>` : nothing}
      ${current ? this.more(row) : nothing}</li>`;
  }

  /** What a row is called beside the head of its group. @param {Row} row */
  nameOf(row) {
    if (row.kind in OF_VAULT || this.order === "confidence") return valueOf(row);
    if (this.order === "value") return title(row.note);
    return row.kind === "link" ? title(row.value) : valueOf(row);
  }

  /** Show a row that was clicked, but not one that has only moved under the pointer. @param {MouseEvent} event @param {Row} row */
  picked(event, row) {
    if (event.detail > 1 || row.id === this.current || !document.getSelection()?.isCollapsed) return;
    this.button = "";
    this.show(row.id);
    this.lookAhead();
  }

  /** What the row in focus has besides. @param {Row} row */
  more(row) {
    const open = this.openIn(row);
    const of = this.order === "value" ? "value" : row.kind in OF_VAULT ? "kind" : "note";
    return html`
      ${row.replaces && row.kind === "description" ? html`<p class="why">replaces your text: <q dir="auto">${row.replaces}</q></p>` : nothing}
      ${row.why ? html`<p class="why" dir="auto">${row.why}</p>` : nothing}
      ${this.faults.has(row.id) ? html`<p class="notice notice-bad" role="alert">${this.faults.get(row.id)}</p>` : nothing}
      ${this.editing?.id === row.id ? this.editor(row) : html`<div class="row does">
        ${this.does("Accept", "A", () => this.decide("accept"), "btn-primary")}
        ${this.does("Reject", "X", () => this.decide("reject"))}
        ${this.does("Never", "N", () => this.decide("never"))}
        ${row.edit === null ? nothing : this.does("Edit", "E", () => this.edit())}
        ${open > 1 ? html`<span class="row all">${this.does(`Take all ${open.toLocaleString("en")} of this ${of}`, "Shift+A", () => this.decideGroup("accept"), "btn-quiet")}
          ${this.does(`Turn down all ${open.toLocaleString("en")}`, "Shift+X", () => this.decideGroup("reject"), "btn-quiet")}</span>` : nothing}</div>`}
      ${this.narrow.matches ? html`<div class="source">${this.source()}</div>` : nothing}`;
  }

  /** A button that the second click of a double click does not press. @param {string} label @param {string} name @param {() => void} run */
  does(label, name, run, kind = "") {
    const press = once(() => { this.button = label.split(" ")[0]; run(); });
    return html`<button class="btn ${kind}" data-do=${label.split(" ")[0]} aria-keyshortcuts=${name} @click=${press}>${label} ${key(name)}</button>`;
  }

  /** @param {Row} row */
  editor(row) {
    const { text, error } = /** @type {{text: string, error: string}} */ (this.editing);
    const typed = (/** @type {any} */ event) => { if (this.editing) this.editing.text = event.target.value; };
    return html`<div class="edit field" @click=${(/** @type {Event} */ event) => event.stopPropagation()}>
      <label for="edit">${row.kind === "description" ? "Description" : "Another value"}</label>
      ${row.kind === "description"
        ? html`<textarea id="edit" rows="3" maxlength="4000" .value=${text} @input=${typed} @keydown=${(/** @type {KeyboardEvent} */ event) => this.typed(event)}></textarea>`
        : html`<input id="edit" list="vocabulary" maxlength="4000" autocomplete="off" .value=${text} @input=${typed} @keydown=${(/** @type {KeyboardEvent} */ event) => this.typed(event)}>`}
      <datalist id="vocabulary">${TAGS.includes(row.kind) ? this.vocabulary.map((tag) => html`<option .value=${tag}></option>`) : nothing}</datalist>
      ${error ? html`<p class="notice notice-bad" role="alert">${error}</p>` : nothing}
      <div class="row"><button class="btn btn-primary" @click=${() => this.acceptEdit()}>Accept <kbd class="kbd" aria-hidden="true">↵</kbd></button>
        <button class="btn" @click=${() => this.leaveEdit()}>Cancel <kbd class="kbd" aria-hidden="true">Esc</kbd></button></div></div>`;
  }

  /** What stands where no row is in focus. */
  ended() {
    const { counts } = this.last;
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const open = counts.pending ?? 0;
    const [head, text] = !all ? ["Nothing to review yet", "What curation, links and tags propose waits here for your decision."]
      : open ? ["Nothing is left with this filter", `${counted(open, "proposal")} ${open === 1 ? "is" : "are"} open without it.`]
      : ["All is decided", counts.accepted ? `${counted(counts.accepted, "accepted proposal")} can be written now, with Apply at the top.` : "There is nothing to write."];
    return html`<div class="empty ended" tabindex="-1"><h2>${this.fetching ? "Loading…" : head}</h2><p>${this.fetching ? "" : text}</p>
      ${!all ? html`<a class="btn" href="/">Home</a>` : open ? html`<a class="btn" href="/review">Show all open ones</a>` : nothing}
      ${all ? html`<p class="hint">${key("U")} takes back your last decision.</p>` : nothing}</div>`;
  }

  source() {
    const { row } = this;
    const detail = row && this.details.get(row.id);
    if (!row) return html`<p class="hint">The source of the selected note appears here.</p>`;
    if (!detail) return html`<p class="loading">Loading the source…</p>`;
    const stale = row.stale && ["pending", "accepted"].includes(row.state) || row.state === "conflict";
    return html`
      ${stale ? html`<p class="notice notice-warn">This note has changed since this was proposed. It will not be overwritten: what you accept here is written only once it was proposed anew.</p>` : nothing}
      ${detail.problem ? html`<p class="notice notice-bad">${detail.problem}</p>` : nothing}
      ${detail.lines.length ? html`<h2 class="break" dir="auto">${title(row.note)}</h2>${this.diff(detail)}` : nothing}
      ${detail.excerpts.map((one) => html`<h2 class="break" dir="auto">${title(one.note)}</h2>
        ${one.problem ? html`<p class="notice notice-bad">${one.problem}</p>` : html`<div class="diff" tabindex="0" role="group" aria-label="Text of ${title(one.note)}" data-own-arrows>
          ${one.lines.map((line) => html`<div dir="auto">${line || "\u200b"}</div>`)}${more(one.more)}</div>`}`)}
      ${detail.notes.length ? html`<h2>In ${counted(detail.notes.length + detail.more_notes, "note")}</h2>
        <ul class="touched">${detail.notes.map((note) => html`<li dir="auto">${title(note)}</li>`)}</ul>${more(detail.more_notes, "note")}` : nothing}`;
  }

  /** @param {Detail} detail */
  diff(detail) {
    return html`<div class="diff" tabindex="0" role="group" aria-label="Source with the change" data-own-arrows>
      ${detail.above ? html`<p class="hint">${counted(detail.above, "line")} above</p>` : nothing}
      ${detail.lines.map((line) => html`<div class="at ${line.old === null ? "is-ins" : line.new === null ? "is-del" : ""}"><span class="number" aria-hidden="true">${line.new ?? line.old}</span>
        <span dir="auto">${line.pieces.map(([edit, text]) => edit === "ins" ? html`<ins>${text}</ins>` : edit === "del" ? html`<del>${text}</del>` : text)}</span></div>`)}
      ${more(detail.below)}</div>`;
  }
}

/** Undo a run, and wait for the end of it. @param {string} run @returns {Promise<any>} */
async function takeBack(run) {
  let { job } = await api("POST", "/api/undo", { run });
  while (["working", "asks"].includes(job.state)) {
    job = await new Promise((resolve) => {
      const off = live.on("job", (message) => {
        if (message.job.id !== job.id) return;
        off();
        resolve(message.job);
      });
    });
  }
  if (job.error) throw new Error(job.error);
  return job.result;
}

/** What a click does, but not the second one of a double click. @param {() => void} run */
const once = (run) => (/** @type {MouseEvent} */ event) => {
  event.stopPropagation();
  if (event.detail <= 1) run();
};
const more = (/** @type {number} */ count, noun = "line") => (count ? html`<p class="hint">and ${counted(count, noun)} more</p>` : nothing);
/** The key of a button, for those who see it. @param {string} name */
const key = (name) => (keyFor(name) ? html`<kbd class="kbd" aria-hidden="true">${words(keyFor(name))}</kbd>` : nothing);

// -- this page's name as a front -----------------------------------------------------------------

const NAME = "notemill.front";
const HOLD_MS = 3000; // a page that is reloaded lets go of its name a moment later

/** Hold a name as long as this page lives; false if another page holds it. @param {string} name @returns {Promise<boolean>} */
function hold(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(name, { signal: AbortSignal.timeout(HOLD_MS) }, () => {
      resolve(true);
      return new Promise(() => {});
    }).catch(() => resolve(false));
  });
}

/** Steps belong to the page that took them: a reload keeps them, a tab made from another has its own. */
async function nameOfFront() {
  const drawn = `page-${crypto.getRandomValues(new BigUint64Array(2)).join("-")}`; // randomUUID is not there at a --host
  try {
    let name = sessionStorage.getItem(NAME) ?? "";
    if (!name || !(await hold(name))) await hold((name = drawn));
    sessionStorage.setItem(NAME, name);
    return name;
  } catch {
    return drawn; // a browser that keeps nothing
  }
}

const front = nameOfFront();
define("nm-review", Review);
