// A change of tags in a dialog: asked for, shown with every note it touches, agreed to, written, undone.
import { api, counted, fault, html, nothing, render, say, toast } from "./core.js";
import { live } from "./live.js";

/** @typedef {{tag: string, becomes: string|null, also?: boolean}} Change */
/** @typedef {{title: string, label?: string, value?: string, make: (value: string) => Change}} Form */
/** What each kind of change asks for, and the change that follows. @param {string} kind @param {import("./tags.js").Tag} tag @returns {Form} */
function formOf(kind, { tag, leaf, parent }) {
  const forms = /** @type {Record<string, Form>} */ ({
    rename: { title: `Rename #${tag}`, label: "New name", value: tag, make: (value) => ({ tag, becomes: value }) },
    move: { title: `Move #${tag}`, label: "Below which tag? Leave it empty for the top level", value: parent, make: (value) => ({ tag, becomes: value ? `${value}/${leaf}` : leaf }) },
    merge: { title: `Merge #${tag}`, label: "Into which tag?", make: (value) => ({ tag, becomes: value }) },
    alias: { title: `Another spelling of #${tag}`, label: "Which spelling?", make: (value) => ({ tag: value, becomes: tag, also: true }) },
    drop: { title: `Drop #${tag}`, make: () => ({ tag, becomes: null }) },
    top: { title: `Move #${tag}`, make: () => ({ tag, becomes: leaf }) },
  });
  return forms[kind];
}

/** The places in which tags are used. @param {any} found */
export function placesList(found) {
  const hidden = Object.values(found.hidden_places ?? {}).reduce((sum, count) => sum + Number(count), 0);
  if (!found.places.length && !hidden) return html`<p class="muted">${found.fault || "It is used nowhere else."}</p>`;
  const one = (/** @type {any} */ place) => html`<li><span class="badge">${place.kind}</span> <span class="break">${place.item}${place.line ? `:${place.line}` : ""}</span> <code class="break" dir="auto">${place.text}</code></li>`;
  return html`<ul class="tags-places">${found.places.map(one)}</ul>${hidden ? html`<p class="muted">${counted(hidden, "place")} in excluded notes</p>` : nothing}`;
}

export class ChangeDialog {
  /** @param {() => import("./tags.js").Tag[]} tags @param {(into: string) => void} done called with the new tag, '' for none, when tags have changed */
  constructor(tags, done) {
    this.tags = tags;
    this.done = done;
    this.form = /** @type {Form|null} */ (null);
    this.draw = /** @type {() => unknown} */ (() => nothing);
    this.changes = /** @type {Change[]} */ ([]);
    this.plan = /** @type {any} */ (null);
    this.title = this.fault = this.value = this.job = "";
    this.box = Object.assign(document.body.appendChild(document.createElement("dialog")), { className: "tags-dialog" });
    this.box.setAttribute("aria-labelledby", "tag-change");
    this.box.addEventListener("cancel", (event) => { if (this.job) event.preventDefault(); });
    this.box.addEventListener("close", () => { this.changes = []; this.form = null; });
    this.box.addEventListener("keydown", (event) => { if (event.repeat && event.key === "Enter") event.preventDefault(); }); // a held key agrees to nothing
    for (const type of ["job", "snapshot"]) live.on(type, ({ job, jobs }) => (jobs ?? [job]).forEach((/** @type {any} */ one) => this.heard(one)));
  }

  /** Ask for a change of a tag, or what becomes of one that was dropped on another. @param {string} kind @param {import("./tags.js").Tag} tag @param {import("./tags.js").Tag} [onto] */
  ask(kind, tag, onto) {
    const form = formOf(kind, tag);
    this.form = form?.label ? form : null;
    [this.title, this.value, this.fault] = [onto ? `#${tag.tag} onto #${onto.tag}` : form.title, form?.value ?? "", ""];
    if (onto) this.show(() => this.choice(tag, onto));
    else if (this.form) this.show(() => this.asked(form));
    else this.preview([form.make("")], form.title);
  }

  /** Show what changes would do. @param {Change[]} changes */
  async preview(changes, title = `#${changes[0].tag}`) {
    [this.title, this.changes, this.plan, this.fault] = [title, changes, null, ""];
    this.show(() => html`<p class="loading">Looking through the notes…</p>`);
    await this.load();
  }

  async load() {
    const { changes, plan, form } = this;
    const more = await api("POST", "/api/tags/preview", { changes, after: plan?.next ?? 0 }).catch((error) => { this.fault = error.message; });
    if (!more) return this.show(() => (form ? this.asked(form) : this.actions()));
    if (this.changes !== changes) return;
    this.plan = plan?.digest === more.digest ? { ...more, notes: [...plan.notes, ...more.notes] } : more;
    say(`${counted(more.total, "note")} would change`);
    this.show(() => this.planned(this.plan));
  }

  /** @param {MouseEvent} event the second click of two agrees to nothing */
  async write(event) {
    if (this.job || event.detail > 1) return;
    this.job = "begins";
    this.show();
    const failed = (/** @type {Error} */ error) => ({ job: { id: this.job, state: "failed", error: error.message } });
    const { job } = await api("POST", "/api/tags/change", { changes: this.changes, agreed: this.plan.digest }).catch(failed);
    this.job = job.id;
    this.heard(job);
  }

  /** @param {any} job */
  heard(job) {
    if (job.id !== this.job || ["working", "asks"].includes(job.state)) return;
    this.job = "";
    if (job.state !== "ended") { this.fault = job.error ?? "It was stopped."; return this.show(() => this.actions()); }
    const [{ becomes }] = this.changes;
    this.box.close();
    this.done(becomes ?? "");
    const undo = () => api("POST", "/api/undo", { run: job.run }).catch(fault);
    toast(job.result.words, { tone: job.result.whole ? "good" : "bad", ...(job.run && { action: { label: "Undo", run: undo } }) });
  }

  /** Show the dialog, with another body if there is one. @param {() => unknown} body */
  show(body = this.draw) {
    const isNew = body !== this.draw;
    this.draw = body;
    const fault = html`<p class="notice notice-bad break" role="alert">${this.fault}</p>`;
    render(html`<h2 id="tag-change" class="break" dir="auto">${this.title}</h2><div class="stack">${this.fault ? fault : nothing}${body()}</div>`, this.box);
    if (!this.box.open) this.box.showModal();
    if (isNew) /** @type {HTMLElement} */ (this.box.querySelector("[autofocus]") ?? this.box).focus();
  }

  /** @param {unknown} go */
  actions(go = nothing) {
    return html`<div class="actions"><button type="button" class="btn" ?disabled=${this.job !== ""} @click=${() => this.box.close()}>Cancel</button>${go}</div>`;
  }

  /** @param {Form} form */
  asked(form) {
    const near = this.tags().filter((one) => one.key.includes(this.value.toLowerCase())).slice(0, 30);
    const submit = (/** @type {Event} */ event) => { event.preventDefault(); this.preview([form.make(this.value.trim().replace(/^#+/, ""))], form.title); };
    return html`<form class="stack" @submit=${submit}><div class="field"><label for="tag-value">${form.label}</label>
      <input id="tag-value" list="tag-near" autocomplete="off" spellcheck="false" autofocus .value=${this.value} @input=${(/** @type {any} */ event) => { this.value = event.target.value; this.show(); }}></div>
      <datalist id="tag-near">${near.map((one) => html`<option value=${one.tag}></option>`)}</datalist>${this.actions(html`<button class="btn btn-primary">Preview</button>`)}</form>`;
  }

  /** @param {import("./tags.js").Tag} tag @param {import("./tags.js").Tag} onto */
  choice({ tag, leaf }, onto) {
    const one = (/** @type {string} */ label, /** @type {string} */ becomes, also = false) => html`<li><button class="btn" @click=${() => this.preview([{ tag, becomes, also }], this.title)}>${label}</button> <span class="muted break">#${tag} becomes #${becomes}</span></li>`;
    return html`<ul class="tags-choice">${one("Move below", `${onto.tag}/${leaf}`)}${one("Merge into", onto.tag)}${onto.listed ? one("Keep as another spelling", onto.tag, true) : nothing}</ul>${this.actions()}`;
  }

  /** @param {any} plan */
  planned(plan) {
    const label = this.job ? "Writing…" : plan.total ? `Change ${counted(plan.total, "note")}` : "Change the vocabulary";
    const more = html`<p><button class="btn" @click=${() => this.load()}>Show more notes</button></p>`;
    return html`<ul class="tags-lines">${plan.said.map((/** @type {string} */ line) => html`<li class="break" dir="auto">${line}</li>`)}</ul>
      ${plan.warnings.map((/** @type {string} */ line) => html`<p class="notice notice-warn break" dir="auto">${line}</p>`)}
      ${plan.places.length ? html`<div class="notice notice-warn stack"><p>These places keep the old name:</p>${placesList(plan)}</div>` : nothing}
      ${plan.notes.map((/** @type {any} */ one) => this.note(one))}${plan.next === null ? nothing : more}
      ${this.actions(html`<button class="btn btn-primary" autofocus ?disabled=${!plan.changes || this.job !== ""} @click=${(/** @type {MouseEvent} */ event) => this.write(event)}>${label}</button>`)}`;
  }

  /** @param {any} note */
  note({ note, problem, lines, more }) {
    const line = (/** @type {any} */ { op, text }) => (op === "+" ? html`<ins>${text}</ins>\n` : op === "-" ? html`<del>${text}</del>\n` : html`<span class="muted">${op === "@" ? "⋯" : text}</span>\n`);
    return html`<details open class="tags-note"><summary class="break" dir="auto">${note}</summary>${problem ? html`<p class="muted">${problem}</p>` : nothing}
      ${lines.length ? html`<div class="diff">${lines.map(line)}${more ? `and ${counted(more, "more line")}` : nothing}</div>` : nothing}</details>`;
  }
}
