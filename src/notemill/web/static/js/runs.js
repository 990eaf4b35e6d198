// Runs: pages that follow what happens, a list of items of any length, and what can be done.
import { api, counted, data, define, fault, html, later, nothing, pageAt, render, repeat, say, span, toast, usd } from "./core.js";
import { live } from "./live.js";
import { swap } from "./page.js";

/** @typedef {{key: string, lane: string, state: string, attempts: number, seconds: number|null, cost_usd: string, reason: string, at?: number}} Item */
/** @typedef {{run: string, state: string, total: number, states: [string, string][], counts: Record<string, number>, items: {items: Item[]}|null}} Shown */

const shown = /** @type {Shown|null} */ (data());
const IN_FLIGHT = ["running", "submitted"];
const OPEN = ["pending", ...IN_FLIGHT];
const WORDS = Object.fromEntries([["realtime", "real time"], ["batch", "batch"], ...(shown?.states ?? [])].map(([name, words]) => [name, words.toLowerCase()]));
const items = () => /** @type {Items|null} */ (document.querySelector("nm-items"));
const path = (/** @type {string} */ end) => `/api/runs/${encodeURIComponent(shown?.run ?? "")}/${end}`;

// -- the page follows: what the server would show now is put in place of what has changed ---------

let [refreshAt, refreshTimer, refreshTook, newest] = [Infinity, 0, 0, 0]; // what takes long is asked for less often

/** Show the page as it is now, in `ms` at the latest. @param {number} ms */
function refresh(ms) {
  const at = performance.now() + Math.max(ms, 5 * refreshTook);
  if (refreshAt <= at) return;
  window.clearTimeout(refreshTimer);
  refreshAt = at;
  refreshTimer = window.setTimeout(async () => {
    refreshAt = Infinity; // what happens from now on may not be in what is read
    const began = performance.now();
    const fresh = await pageAt(`${location.pathname}?whole=yes`);
    refreshTook = performance.now() - began;
    if (began < newest) return;
    newest = began;
    if (fresh) swap(document, fresh);
    showNotifying();
  }, at - performance.now());
}

window.setInterval(() => {
  for (const one of document.hidden ? [] : document.querySelectorAll("[data-since]")) {
    one.textContent = span(Date.now() / 1000 - Number(/** @type {HTMLElement} */ (one).dataset.since));
  }
}, 5000);

// -- a notice when a batch ends -------------------------------------------------------------------

const NOTIFY = "notemill-notify-batches";
const isOut = /** @type {Map<string, boolean>} */ (new Map());
const title = document.title;

const notifying = () => "Notification" in window && Notification.permission === "granted" && localStorage.getItem(NOTIFY) === "on";

function showNotifying() {
  const button = /** @type {HTMLButtonElement|null} */ (document.querySelector("[data-notify]"));
  if (!button || !("Notification" in window) || Notification.permission === "denied") return;
  button.hidden = false;
  button.textContent = notifying() ? "Notifications are on" : "Notify me when a batch ends";
}

/** @param {{run: string, number: number, batch: string, size: number, open: boolean, ended_at: number|null}} batch */
function heardOfBatch(batch) {
  const name = `${batch.run} ${batch.number}`;
  const out = batch.open && batch.ended_at === null;
  if (isOut.get(name) && !out) {
    const text = `A batch of ${counted(batch.size, "item")} has ended`;
    document.title = `● ${text} · ${title}`;
    say(text);
    toast(text, { tone: "good", action: { label: "Show the run", run: () => location.assign(`/runs/${batch.run}`) } });
    if (notifying() && document.hidden) new Notification(text, { body: batch.run, tag: name });
  }
  isOut.set(name, out);
  refresh(300);
}

// -- what can be done -----------------------------------------------------------------------------

/** Ask a person; null is no. @returns {Promise<string|null>}
 * @param {{title: string, text: string, yes: string, danger?: boolean, field?: string}} question */
function ask({ title: asked, text, yes, danger = false, field = "" }) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("ask"));
  render(html`<form method="dialog"><h2 id="ask-title">${asked}</h2><p class="break">${text}</p>
    ${field ? html`<p class="field"><label for="ask-field">${field}</label><input id="ask-field" inputmode="decimal" pattern="[0-9]{1,9}([.][0-9]{1,9})?" autocomplete="off"></p>` : nothing}
    <div class="actions"><button class="btn" type="button" @click=${() => dialog.close("")}>Not now</button>
      <button class="btn ${danger ? "btn-danger" : "btn-primary"}" value="yes">${yes}</button></div></form>`, dialog);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => {
    const said = /** @type {HTMLInputElement|null} */ (dialog.querySelector("#ask-field"));
    done(dialog.returnValue === "yes" ? said?.value.trim() ?? "" : null);
  }, { once: true }));
}

/** @type {Record<string, (button: HTMLElement) => Promise<void>>} */
const DEEDS = {
  async cancel() {
    const text = "What was not sent is not sent any more. What is in flight is waited for, and paid for if it is answered.";
    if (await ask({ title: "Cancel this run?", text, yes: "Cancel run", danger: true }) === null) return;
    const { ended } = await api("POST", path("cancel"), {});
    toast(ended || "Cancellation requested", { tone: "good" });
  },
  async resume({ dataset: { stopped } }) {
    const text = stopped ? "Its budget is spent. It continues with a higher one for the whole run." : "It continues where it stopped; what is answered is not paid for again.";
    const limit = await ask({ title: "Resume this run?", text, yes: "Resume", field: stopped ? "Budget in dollars" : "New budget in dollars, if any" });
    if (limit !== null) await begin("resume", limit ? { max_cost_usd: limit } : {});
  },
  "go-on": ({ dataset: { stage } }) => begin("resume", { after_stage: Number(stage) }),
  async retry({ dataset: { count, all } }) {
    const text = `${counted(Number(count), "failed item")} sent again${all ? ", also what would fail the same way" : ": what may pass this time"}.`;
    if (await ask({ title: "Retry what failed?", text, yes: "Retry" }) !== null) await begin("retry", { everything: Boolean(all) });
  },
};

const begin = async (/** @type {string} */ what, /** @type {object} */ body) => { await api("POST", path(what), body); toast("The run goes on", { tone: "good" }); };

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("[data-do], [data-copy], [data-notify]"));
  if (!button || event.detail > 1) return;
  try {
    if (button.dataset.copy) {
      if (!navigator.clipboard) throw new Error(`This browser does not copy here: ${button.dataset.copy}`);
      await navigator.clipboard.writeText(button.dataset.copy);
      toast("Copied", { tone: "good" });
    } else if (button.dataset.do) {
      await DEEDS[button.dataset.do]?.(button);
      refresh(200);
    } else {
      const on = !notifying() && (await Notification.requestPermission()) === "granted";
      localStorage.setItem(NOTIFY, on ? "on" : "off");
      showNotifying();
    }
  } catch (error) {
    fault(error);
  }
});

// -- the items of a run: only the rows in view are in the page ------------------------------------

const ROW_PX = 32;
const MOST_PX = 8_000_000; // browsers lose count of taller boxes
const PAGE = 100;
const MOST_KEPT = 2_000;
const BESIDE = 8;

class Items extends HTMLElement {
  counts = /** @type {Shown} */ (shown).counts;
  state = /** @type {Shown} */ (shown).state;
  active = /** @type {number} */ (-1);
  drawn = 0;
  again = 0;
  /** @type {Map<number, Item>} */ rows = new Map();
  /** @type {Map<string, number>} */ places = new Map();
  /** @type {Set<number>} */ loading = new Set();
  /** @type {Set<string>} */ canceling = new Set();

  connectedCallback() {
    const after = Number(new URLSearchParams(location.search).get("after") ?? -1);
    if (after < 0) this.keep(0, shown?.items?.items ?? []);
    this.replaceChildren();
    this.draw();
    if (after >= 0 && !this.state) this.show(after + 1);
    new ResizeObserver(() => this.drawSoon()).observe(this.list);
    window.setInterval(() => {
      const flying = this.inView().some((at) => IN_FLIGHT.includes(this.rows.get(at)?.state ?? ""));
      if (flying && !document.hidden) this.drawSoon();
    }, 1000);
    this.window();
  }

  get list() { return /** @type {HTMLElement} */ (this.querySelector(".items")); }
  get count() { return this.counts[this.state || "total"] ?? 0; }

  /** How many rows a pixel of the scroll bar stands for, in rows' heights. */
  get scale() { return Math.max(1, (this.count * ROW_PX) / MOST_PX); }

  /** The places in view, with some beside them. */
  inView() {
    const { scrollTop, clientHeight } = this.list ?? { scrollTop: 0, clientHeight: 480 };
    const first = Math.max(0, Math.floor((scrollTop * this.scale) / ROW_PX) - BESIDE);
    const last = Math.min(this.count, first + Math.ceil(clientHeight / ROW_PX) + 2 * BESIDE);
    return Array.from({ length: Math.max(0, last - first) }, (_, n) => first + n);
  }

  forget() { for (const kept of [this.rows, this.places]) kept.clear(); }

  /** @param {number} first @param {Item[]} items */
  keep(first, items) {
    if (this.rows.size > MOST_KEPT) this.forget();
    const at = Date.now() / 1000;
    items.forEach((one, n) => {
      this.rows.set(first + n, { ...one, at });
      if (one.key) this.places.set(one.key, first + n);
    });
  }

  /** Read what is in view and not here, or all of it anew. @param {boolean} [anew] */
  async load(anew = false) {
    const { state } = this;
    const wanted = this.inView().filter((at) => anew || !this.rows.has(at));
    for (const page of new Set(wanted.map((at) => Math.floor(at / PAGE)))) {
      if (this.loading.has(page)) continue;
      this.loading.add(page);
      const from = page * PAGE;
      const where = state ? `state=${state}&skip=${from}` : `after=${from ? from - 1 : ""}`;
      const found = await api("GET", path(`items?${where}&limit=${PAGE}`)).catch((error) => error.status && fault(error));
      this.loading.delete(page);
      if (found && state === this.state) this.keep(from, found.items);
      this.drawSoon();
    }
  }

  drawSoon() { this.drawn ||= requestAnimationFrame(() => { this.drawn = 0; this.draw(); }); }

  /** After a scroll: read what is in view, and have the server tell of that alone. */
  window = later(80, () => {
    this.load();
    const places = this.inView();
    const first = this.state ? 0 : places[0] ?? 0;
    live.watch({ run: /** @type {Shown} */ (shown).run, after: first ? String(first - 1) : null, limit: this.state ? 1 : Math.max(1, places.length) });
  });

  /** Counts have changed: a list by state is another one. @param {Record<string, number>} counts */
  heardCounts(counts) {
    if (this.state && counts[this.state] !== this.count) this.readSoon();
    this.counts = counts;
    this.drawSoon();
  }

  /** @param {Item} item */
  heardItem(item) {
    const at = this.places.get(item.key);
    if (at === undefined || this.state) return item.key ? undefined : this.readSoon();
    this.rows.set(at, { ...item, at: Date.now() / 1000 });
    this.drawSoon();
  }

  /** Read what is in view anew, at most once a second. */
  readSoon() { this.again ||= window.setTimeout(() => { this.again = 0; this.load(true); }, 1000); }

  /** @param {string} state */
  filter(state) {
    history.replaceState(null, "", state ? `?state=${state}` : location.pathname);
    this.state = state;
    this.forget();
    this.active = -1;
    this.list.scrollTop = 0;
    this.draw();
    this.window();
  }

  /** Make a row the active one, and scroll it into view. @param {number} at */
  show(at) {
    this.active = Math.min(Math.max(0, at), this.count - 1);
    const top = (this.active * ROW_PX) / this.scale;
    const least = top + 2 * ROW_PX - this.list.clientHeight;
    this.list.scrollTop = Math.min(Math.max(this.list.scrollTop, least), top);
    this.drawSoon();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = Math.max(1, Math.floor(this.list.clientHeight / ROW_PX) - 2);
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: step, PageUp: -step, Home: -this.count, End: this.count });
    if (event.key === "Delete" && this.active >= 0) this.cancel(this.rows.get(this.active));
    if (!steps[event.key]) return;
    event.preventDefault();
    this.show(this.active + steps[event.key]);
  }

  /** @param {Item|undefined} item */
  async cancel(item) {
    if (!item?.key || !OPEN.includes(item.state)) return;
    const text = `${item.key}: ${item.state === "pending" ? "it is not sent any more." : "what is in flight is paid for if it is answered."}`;
    if (await ask({ title: "Cancel this item?", text, yes: "Cancel item", danger: true }) === null) return;
    const wish = await api("POST", path("cancel"), { item: item.key }).catch(fault);
    if (wish?.ended) toast(wish.ended);
    else if (wish) this.canceling.add(item.key);
    this.drawSoon();
  }

  draw() {
    const places = this.inView();
    render(html`${this.filters()}
      <div class="items" role="grid" tabindex="0" aria-label="Items" aria-description="Arrow keys move, Delete cancels an item" aria-rowcount=${this.count + 1} aria-activedescendant=${this.active < 0 ? nothing : `item-${this.active}`}
        @scroll=${() => { this.drawSoon(); this.window(); }} @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event)}>
        <div class="item head" role="row" aria-rowindex="1">${["Item", "Lane", "State", "Tries", "Time", "Cost"].map((name) => html`<span role="columnheader">${name}</span>`)}<span role="columnheader"><span class="visually-hidden">Cancel</span></span></div>
        <div class="height" role="presentation" .style=${`height: ${Math.min(this.count * ROW_PX, MOST_PX)}px`}><div class="view" role="presentation">${repeat(places, (at) => at, (at) => this.row(at))}</div></div>
          ${this.count ? nothing : html`<p class="muted none" role="presentation">No item is in this state.</p>`}
      </div>`, this);
    const view = /** @type {HTMLElement} */ (this.querySelector(".view"));
    this.list.style.height = `${(Math.max(this.count, 3) + 1) * ROW_PX + 2}px`; // the style sheet has the most
    const first = places[0] ?? 0;
    // Where the list is taller than a box may be, rows keep their distance to the first in view.
    const top = this.scale === 1 ? first * ROW_PX : Math.max(0, this.list.scrollTop - BESIDE * ROW_PX);
    view.style.transform = `translateY(${top}px)`;
  }

  filters() {
    const some = /** @type {Shown} */ (shown).states.filter(([name]) => !name || this.counts[name] || name === this.state);
    return html`<nav class="states" aria-label="Items by state">${some.map(([name, words]) => html`<a href=${name ? `?state=${name}#items` : "?#items"} aria-current=${name === this.state ? "true" : nothing}
      @click=${(/** @type {Event} */ event) => { event.preventDefault(); this.filter(name); }}>${words} <span class="muted">${(this.counts[name || "total"] ?? 0).toLocaleString("en")}</span></a>`)}</nav>`;
  }

  /** @param {number} at */
  row(at) {
    const one = this.rows.get(at) ?? { key: "…", lane: "", state: "", attempts: 0, seconds: null, cost_usd: "", reason: "", at: 0 };
    const more = IN_FLIGHT.includes(one.state) ? Date.now() / 1000 - (one.at ?? 0) : 0;
    const file = one.key.lastIndexOf("/") + 1;
    const canceling = this.canceling.has(one.key) && OPEN.includes(one.state);
    return html`<div class="item is-${one.state || "unread"}" role="row" id="item-${at}" aria-rowindex=${at + 2} aria-selected=${String(at === this.active)} @click=${() => { this.active = at; this.drawSoon(); }}>
      <span role="gridcell" class="name" title=${one.reason ? `${one.key}: ${one.reason}` : one.key}>${file ? html`<bdi class="folder">${one.key.slice(0, file)}</bdi>` : nothing}<bdi class="file">${one.key.slice(file) || "not shown"}</bdi>${one.reason ? html`<span class="why">${one.reason}</span>` : nothing}</span>
      <span role="gridcell">${WORDS[one.lane]}</span>
      <span role="gridcell"><span class="dot"></span>${canceling ? "canceling" : WORDS[one.state]}</span>
      <span role="gridcell" class="right">${one.attempts || ""}</span>
      <span role="gridcell" class="right">${span(one.seconds === null ? null : one.seconds + more)}</span>
      <span role="gridcell" class="right">${Number(one.cost_usd) ? usd(one.cost_usd) : ""}</span>
      <span role="gridcell" class="right">${OPEN.includes(one.state) && one.key && !canceling ? html`<button class="btn-copy" tabindex="-1" aria-label=${`Cancel ${one.key}`} @click=${() => this.cancel(one)}>Cancel</button>` : nothing}</span>
    </div>`;
  }
}

// -- what the server tells ------------------------------------------------------------------------

let became = "";

/** @param {{run: string, became: string, counts: Record<string, number>|null}} run */
function heardOfRun(run) {
  if (!shown) return refresh(1000);
  if (run.run !== shown.run) return;
  if (run.counts) {
    showCourse(run.counts);
    items()?.heardCounts(run.counts);
    if (run.became === "running") say(`${run.counts.succeeded} of ${run.counts.total} succeeded`);
  }
  refresh(run.became === became ? 2500 : 150);
  became = run.became;
}

/** @param {Record<string, number>} counts */
function showCourse(counts) {
  const total = document.querySelector("[data-total]");
  const words = `${counts.succeeded.toLocaleString("en")} of ${counts.total.toLocaleString("en")} succeeded`;
  if (total && total.textContent?.trim() !== words) total.textContent = words;
  let at = 0;
  for (const part of document.querySelectorAll("#summary [data-part]")) {
    const width = (1000 * (counts[/** @type {SVGElement} */ (part).dataset.part ?? ""] ?? 0)) / (counts.total || 1);
    part.setAttribute("x", String(at));
    part.setAttribute("width", String(width));
    at += width;
  }
}

if (shown?.counts) define("nm-items", Items);
for (const one of document.querySelectorAll("[data-batch][data-open]")) isOut.set(`${shown?.run} ${/** @type {HTMLElement} */ (one).dataset.batch}`, true);
live.on("run", heardOfRun);
live.on("batch", heardOfBatch);
live.on("job", ({ job }) => {
  const place = job.run === shown?.run ? document.querySelector("[data-work]") : null;
  if (!place) return;
  const failed = job.state === "failed";
  place.textContent = failed ? job.error : job.ended_at ? "" : job.lines[job.lines.length - 1] ?? "";
  place.classList.toggle("bad", failed);
  refresh(500);
});
live.on("item", (message) => { if (message.run === shown?.run) items()?.heardItem(message); });
// What happened before there was a connection, or while the page was hidden, was not told.
const catchUp = () => { refresh(500); items()?.readSoon(); };
live.on("state", ({ connected }) => { if (connected) catchUp(); });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.title = title;
  catchUp();
});
showNotifying();
