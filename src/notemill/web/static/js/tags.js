// The screen of tags: the tree, a tag's notes and other places, suggestions; changes by key or drag.
import { api, counted, define, fault, html, nothing, render, repeat, say, toast } from "./core.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import { ChangeDialog, placesList } from "./tagchange.js";

/** @typedef {{tag: string, key: string, parent: string, leaf: string, level: number, notes: number, with_children: number, listed: boolean, aliases: string[], description: string, spellings: Record<string, number>}} Tag */
/** @typedef {{has_vocabulary: boolean, tags: Tag[]}} Tree */
/** @typedef {{tag: Tag, at: number, children: boolean, open: boolean, place: number, of: number}} Row */

const [ROW_PX, SPARE_ROWS, OPEN_ALL_UP_TO, TYPED_MS] = [30, 12, 150, 700];

/** The rows that show: below open tags, or those that a filter keeps with what is above them. @param {Tag[]} tags @param {Set<string>} open @param {string} filter */
function rowsOf(tags, open, filter) {
  const words = filter.toLowerCase().replaceAll("#", "").split(/\s+/).filter(Boolean);
  const above = new Map(tags.map((one) => [one.key, one.parent]));
  const [parents, kept, shown] = [new Set(above.values()), new Set(), new Set([""])];
  for (const one of tags) {
    if (words.every((word) => [one.key, ...one.aliases].join(" ").toLowerCase().includes(word))) for (let key = one.key; key; key = above.get(key) ?? "") kept.add(key);
  }
  const [sizes, rows] = [/** @type {Map<string, number>} */ (new Map()), /** @type {Row[]} */ ([])];
  for (const tag of tags) {
    if (!shown.has(tag.parent) || !kept.has(tag.key)) continue;
    const [children, place] = [parents.has(tag.key), (sizes.get(tag.parent) ?? 0) + 1];
    const isOpen = children && (words.length > 0 || open.has(tag.key));
    if (isOpen) shown.add(tag.key);
    sizes.set(tag.parent, place);
    rows.push({ tag, at: rows.length, children, open: isOpen, place, of: 0 });
  }
  for (const row of rows) row.of = sizes.get(row.tag.parent) ?? 0;
  return rows;
}

class Tags extends HTMLElement {
  filter = new URLSearchParams(location.search).get("q") ?? "";
  selected = (new URLSearchParams(location.search).get("tag") ?? "").toLowerCase().normalize();
  current = this.selected; // the tag that has the focus in the tree
  tree = /** @type {Tree|null} */ (null);
  rows = /** @type {Row[]} */ ([]);
  open = /** @type {Set<string>} */ (new Set());
  over = /** @type {string|null} */ (null);
  read = /** @type {Record<"notes"|"places"|"found", any>} */ ({ notes: null, places: null, found: null });
  top = 0;
  typed = "";
  typedAt = 0;
  dragged = "";
  drawn = false;
  failed = false;
  dialog = new ChangeDialog(() => this.tree?.tags ?? [], (into) => this.changed(into));

  connectedCallback() {
    live.on("job", ({ job }) => { if (!["working", "asks"].includes(job.state)) this.refresh(); });
    live.on("review", () => this.look());
    live.on("state", ({ connected }) => { if (connected && this.failed) { this.failed = false; this.refresh(); } });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.refresh(); });
    window.addEventListener("resize", () => this.draw());
    keys({ "/": { label: "Filter tags", run: () => /** @type {HTMLElement|null} */ (this.querySelector("input[type=search]"))?.focus() } });
    this.refresh();
  }

  /** Read everything that shows anew. */
  async refresh() {
    const first = !this.tree;
    this.tree = await api("GET", "/api/tags").catch((/** @type {Error} */ error) => { this.failed = true; fault(error); return this.tree; });
    const tags = this.tree?.tags ?? [];
    if (first && tags.length <= OPEN_ALL_UP_TO) this.open = new Set(tags.map((one) => one.key));
    for (let at = this.tag(this.selected || this.current)?.parent; at; at = this.tag(at)?.parent) this.open.add(at);
    this.look();
    await this.select(this.tag(this.selected) ? this.selected : "");
  }

  /** Show a vault whose tags have changed, with the focus on the new tag, '' for what stands in its place. @param {string} into */
  async changed(into) {
    const at = this.rows.findIndex((row) => row.tag.key === this.current);
    const wanted = into ? into.toLowerCase().normalize() : this.current;
    [this.current, this.selected] = [wanted, this.selected && (into ? wanted : this.selected)];
    await this.refresh();
    this.go(this.rows.find((row) => row.tag.key === wanted)?.at ?? at);
  }

  async look() {
    this.read.found = await api("GET", "/api/tags/findings").catch((error) => ({ items: [], total: 0, fault: error.message }));
    this.draw();
  }

  /** @param {string} key */
  tag(key) { return this.tree?.tags.find((one) => one.key === key); }

  /** Show a tag beside the tree, '' for suggestions. @param {string} key */
  async select(key) {
    const tag = this.tag(key);
    if (key !== this.selected) this.read.notes = this.read.places = null;
    this.selected = key;
    this.address();
    if (!tag) return;
    const failed = (/** @type {Error} */ error) => ({ items: [], places: [], next: null, fault: error.message });
    for (const what of /** @type {const} */ (["notes", "places"])) {
      const answer = await api("GET", `/api/tags/${what}?tag=${encodeURIComponent(tag.tag)}`).catch(failed);
      if (this.selected !== key) return;
      this.read[what] = answer;
      this.draw();
    }
  }

  /** Write what shows into the address, and show it. */
  address() {
    const tag = this.tag(this.selected)?.tag;
    const query = new URLSearchParams({ ...(tag && { tag }), ...(this.filter && { q: this.filter }) });
    history.replaceState(null, "", query.size ? `/tags?${query}` : "/tags");
    this.draw();
  }

  async more() {
    const before = this.read.notes;
    const next = await api("GET", `/api/tags/notes?tag=${encodeURIComponent(before.tag)}&after=${before.next}`).catch(fault);
    if (next && this.read.notes === before) this.read.notes = { ...next, items: [...before.items, ...next.items] };
    this.draw();
  }

  /** Suggest a change no more. @param {any} item */
  async never({ tag, becomes }) {
    const post = (/** @type {string} */ what, /** @type {object} */ body) => api("POST", `/api/tags/findings/${what}`, body).catch(fault);
    if (await post("reject", { tag, becomes })) toast(`#${tag} stays as it is.`, { action: { label: "Undo", run: () => post("take-back", { tag }).then(() => this.look()) } });
    this.look();
  }

  /** Take all suggestions to review. */
  review() { api("POST", "/api/tags/findings/review").then(() => location.assign("/review?kind=tag%20change"), fault); }

  /** @param {KeyboardEvent} event */
  press(event) {
    const row = this.rows.find((one) => one.tag.key === this.current);
    if (!row || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const { tag: { key, parent }, at } = row;
    const page = Math.floor(/** @type {HTMLElement} */ (event.currentTarget).clientHeight / ROW_PX) - 1;
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e6, End: 1e6 });
    const typing = performance.now() - this.typedAt < TYPED_MS;
    const acts = /** @type {Record<string, string>} */ ({ F2: "rename", Delete: "drop", ...(!typing && { m: "move", M: "move" }) });
    if (steps[event.key]) this.go(at + steps[event.key]);
    else if (event.key === "ArrowRight") row.children && (row.open ? this.go(at + 1) : this.toggle(key));
    else if (event.key === "ArrowLeft") row.open && !this.filter ? this.toggle(key) : this.go(this.rows.find((one) => one.tag.key === parent)?.at ?? at);
    else if (event.key === "Enter" || event.key === " ") this.select(key);
    else if (event.key === "Escape") this.select("");
    else if (acts[event.key]) event.repeat || this.dialog.ask(acts[event.key], row.tag);
    else if (/^[\p{L}\p{N}_-]$/u.test(event.key)) this.type(event, typing, row);
    else return;
    event.preventDefault();
  }

  /** Go to the next tag that begins with what was typed. Where M is another letter, its key moves if no tag does. @param {KeyboardEvent} event @param {boolean} typing @param {Row} row */
  type(event, typing, { tag, at }) {
    this.typed = (typing ? this.typed : "") + event.key.toLowerCase();
    this.typedAt = performance.now();
    const from = typing ? at : at + 1;
    const found = [...this.rows.slice(from), ...this.rows.slice(0, from)].find((one) => one.tag.leaf.toLowerCase().startsWith(this.typed));
    if (found) this.go(found.at);
    else if (!typing && event.code === "KeyM" && !event.repeat) this.dialog.ask("move", tag);
  }

  /** Put the focus on a row, and scroll to it. @param {number} at */
  go(at) {
    const [row, box] = [this.rows[Math.max(0, Math.min(at, this.rows.length - 1))], this.querySelector("[role=tree]")];
    if (!row || !box) return;
    this.current = row.tag.key;
    const y = row.at * ROW_PX;
    box.scrollTop = Math.min(y, Math.max(box.scrollTop, y + ROW_PX - box.clientHeight));
    this.top = box.scrollTop;
    this.draw();
    /** @type {HTMLElement|null} */ (box.querySelector('[tabindex="0"]'))?.focus({ preventScroll: true });
  }

  /** Open or close a tag, '' for all. @param {string} key */
  toggle(key) {
    if (!key) this.open = this.open.size ? new Set() : new Set(this.tree?.tags.map((one) => one.key));
    else if (!this.open.delete(key)) this.open.add(key);
    this.draw();
  }

  /** Begin a drag; '' ends it. @param {string} key */
  drag(key) {
    [this.dragged, this.over] = [key, null];
    window.setTimeout(() => this.draw()); // a row that changes while its drag begins would end it
  }

  /** A drag over a tag, '' for the top level, and its end there. @param {DragEvent} event @param {string} key */
  onto(event, key) {
    const [tag, target] = [this.tag(this.dragged), this.tag(key)];
    if (!tag || key === tag.key || key.startsWith(`${tag.key}/`) || (!key && !tag.parent)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "drop") { this.drag(""); this.dialog.ask(target ? "onto" : "top", tag, target); }
    else if (this.over !== key) { this.over = key; this.draw(); }
  }

  draw() {
    if (!this.tree) return;
    if (!this.drawn) this.replaceChildren();
    this.drawn = true;
    this.rows = rowsOf(this.tree.tags, this.open, this.filter);
    if (!this.rows.some((row) => row.tag.key === this.current)) this.current = this.rows[0]?.tag.key ?? "";
    render(this.split(this.tree), this);
  }

  /** @param {Tree} tree */
  split(tree) {
    const tag = this.tag(this.selected);
    const down = (/** @type {KeyboardEvent} */ event) => { if (event.key === "ArrowDown") { event.preventDefault(); this.go(this.rows.findIndex((one) => one.tag.key === this.current)); } };
    const search = (/** @type {any} */ event) => { this.filter = event.target.value; this.address(); say(counted(this.rows.length, "tag")); };
    return html`<div class="tags-split"><section class="panel tags-left" aria-label="All tags"><div class="tags-tools">
        <input type="search" placeholder="Filter tags" aria-label="Filter tags" autocomplete="off" .value=${this.filter} @input=${search} @keydown=${down}>
        <button class="btn btn-quiet" ?disabled=${this.filter !== ""} @click=${() => this.toggle("")}>${this.open.size ? "Collapse all" : "Expand all"}</button></div>
      ${this.rows.length ? this.box(tree) : html`<p class="loading">No tag has these letters.</p>`}
      <p class="hint tags-keys"><kbd>F2</kbd> rename <kbd>M</kbd> move <kbd>Del</kbd> drop <kbd>/</kbd> filter${tree.has_vocabulary ? html`<span><i>italic</i>: not in the vocabulary</span>` : nothing}</p></section>
    <section class="panel stack tags-right" aria-label=${tag ? `Tag ${tag.tag}` : "Suggestions"}>${tag ? this.side(tag, tree) : this.suggestions()}</section></div>`;
  }

  /** @param {Tree} tree */
  box(tree) {
    const first = Math.floor(this.top / ROW_PX) - SPARE_ROWS;
    const last = first + Math.ceil((this.querySelector("[role=tree]")?.clientHeight ?? window.innerHeight) / ROW_PX) + 2 * SPARE_ROWS;
    const rows = this.rows.filter(({ at, tag }) => (at >= first && at < last) || tag.key === this.current || tag.key === this.dragged);
    const onto = (/** @type {DragEvent} */ event) => this.onto(event, "");
    return html`<div role="tree" aria-label="Tags" class="tree ${this.over === "" ? "tree-over" : ""}" @keydown=${(/** @type {KeyboardEvent} */ event) => this.press(event)}
      @scroll=${(/** @type {any} */ event) => { this.top = event.target.scrollTop; this.draw(); }} @dragover=${onto} @drop=${onto}>
      <div role="none" class="tree-rows" .style=${`height: ${this.rows.length * ROW_PX}px`}>${repeat(rows, (row) => row.tag.key, (row) => this.row(row, tree))}</div></div>`;
  }

  /** @param {Row} row @param {Tree} tree */
  row({ tag, at, children, open, place, of }, tree) {
    const [{ key, leaf }, outside] = [tag, tree.has_vocabulary && !tag.listed];
    const onto = (/** @type {DragEvent} */ event) => this.onto(event, key);
    const twist = (/** @type {Event} */ event) => { if (children && !this.filter) { event.stopPropagation(); this.toggle(key); } };
    return html`<div role="treeitem" class="tree-row ${this.over === key ? "tree-over" : ""} ${outside ? "tree-outside" : ""}" .style=${`transform: translateY(${at * ROW_PX}px); padding-left: ${Math.min(tag.level - 1, 12) * 18}px`}
      tabindex=${key === this.current ? 0 : -1} aria-level=${tag.level} aria-posinset=${place} aria-setsize=${of} aria-selected=${key === this.selected} aria-expanded=${children ? open : nothing}
      aria-label="${leaf}, ${counted(tag.with_children, "note")}${outside ? ", not in the vocabulary" : ""}" title=${tag.tag} draggable="true" @click=${() => { this.current = key; this.select(key); }}
      @dragstart=${(/** @type {DragEvent} */ event) => { event.dataTransfer?.setData("text/plain", tag.tag); this.drag(key); }} @dragend=${() => this.drag("")} @dragover=${onto} @drop=${onto}>
      <span class="tree-twist" data-open=${children ? open : nothing} @click=${twist}></span><span class="clip" dir="auto">${leaf}</span><span class="tree-count">${tag.with_children.toLocaleString("en")}</span></div>`;
  }

  /** @param {Tag} tag @param {Tree} tree */
  side(tag, tree) {
    const act = (/** @type {string} */ kind, /** @type {string} */ label, danger = "") => html`<button class="btn ${danger}" @click=${() => this.dialog.ask(kind, tag)}>${label}</button>`;
    const names = (/** @type {string} */ label, /** @type {string[]} */ all) => html`<p class="muted">${label} ${all.map((one) => html`<span class="tag" dir="auto">#${one}</span> `)}</p>`;
    const forms = Object.keys(tag.spellings);
    return html`<div class="row between"><h2 class="break" dir="auto">#${tag.tag}</h2><button class="btn btn-quiet" @click=${() => this.select("")}>Suggestions</button></div>
      <p class="muted">${counted(tag.notes, "note")}${tag.with_children > tag.notes ? `, ${counted(tag.with_children, "note")} with the tags below it` : ""}
        ${tree.has_vocabulary ? html`<span class="badge ${tag.listed ? "badge-good" : "badge-warn"}">${tag.listed ? "in" : "not in"} the vocabulary</span>` : nothing}</p>
      ${tag.description ? html`<p dir="auto">${tag.description}</p>` : nothing}
      ${tag.aliases.length ? names("Other spellings:", tag.aliases) : nothing}${forms.length > 1 ? names("Written as", forms) : nothing}
      <div class="row">${act("rename", "Rename")}${act("move", "Move")}${act("merge", "Merge")}${tag.listed ? act("alias", "Add a spelling") : nothing}${act("drop", "Drop", "btn-danger")}</div>
      <div><h3>Notes</h3>${this.read.notes ? this.noteList(this.read.notes) : html`<p class="muted">Loading…</p>`}</div>
      <div><h3>Other places</h3>${this.read.places ? placesList(this.read.places) : html`<p class="muted">Looking through the vault…</p>`}</div>`;
  }

  /** @param {any} notes */
  noteList(notes) {
    if (!notes.items.length) return html`<p class="muted">${notes.fault || "No note has it."}</p>`;
    const others = (/** @type {string[]} */ tags) => tags.filter((one) => one.toLowerCase() !== notes.tag.toLowerCase()).map((one) => html`<span class="tag" dir="auto">#${one}</span> `);
    return html`<ul class="tags-notes">${notes.items.map((/** @type {any} */ one) => html`<li><span dir="auto">${one.title}</span> ${others(one.tags)}<span class="hint break">${one.note}</span></li>`)}</ul>
      ${notes.next === null ? nothing : html`<p><button class="btn" @click=${() => this.more()}>Show more of ${counted(notes.total, "note")}</button></p>`}`;
  }

  suggestions() {
    const { found } = this.read;
    if (!found) return html`<h2>Suggestions</h2><p class="muted">Looking for tags to merge, move or drop…</p>`;
    const one = (/** @type {any} */ item) => html`<li><div><p class="row"><span class="tag" dir="auto">#${item.tag}</span>${item.becomes ? html`→ <span class="tag" dir="auto">#${item.becomes}</span>` : "goes"} <span class="muted">${counted(item.notes, "note")}</span></p>
      <p class="muted break">${item.reason}</p></div><p class="row"><button class="btn" @click=${() => this.dialog.preview([{ tag: item.tag, becomes: item.becomes }])}>Preview</button><button class="btn btn-quiet" @click=${() => this.never(item)}>Never</button></p></li>`;
    const none = html`<p class="muted">Nothing to merge, move or drop. Choose a tag to see its notes, and every other place where it is used.</p>`;
    const all = html`<button class="btn" @click=${() => this.review()}>Decide ${found.total === 1 ? "it" : `all ${found.total.toLocaleString("en")}`} in review</button>`;
    return html`<div class="row between"><h2>Suggestions</h2>${found.items.length ? all : nothing}</div>${found.fault ? html`<p class="notice notice-bad break">${found.fault}</p>` : found.items.length ? nothing : none}
      <ul class="tags-found">${found.items.map(one)}</ul>${found.total > found.items.length ? html`<p class="muted">and ${(found.total - found.items.length).toLocaleString("en")} more</p>` : nothing}`;
  }
}

define("nm-tags", Tags);
