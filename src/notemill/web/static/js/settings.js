// Settings: forms that save what was changed in them, and exclusions that show their notes while they are typed.
import { api, data, define, fault, html, later, nothing, render, repeat, toast } from "./core.js";

/** @typedef {{name: string, shown: string, said: string, warns: boolean, overrides: string}} Setting */
/** @typedef {{entry: string, source: string, count: number|null, notes: string[], said: string, hint: string}} Exclusion */
/** @typedef {{settings: Setting[], locked: string, problem: string, key: string, exclusions: Exclusion[], said: string}} State */

const TYPING_MS = 200;
const NOTHING_EXCLUDED = html`<p class="muted">Nothing is excluded: every note may be read by the provider, except those with <code>notemill: ignore</code>.</p>`;

/** The fields of a form that show another value than the server's. @param {HTMLFormElement} form */
const changed = (form) => /** @type {HTMLInputElement[]} */ ([...form.elements]).filter((one) => one.name && !one.disabled
  && (one.type === "text" ? one.value !== one.defaultValue : one.checked !== one.defaultChecked));

/** What a field says, or all that are ticked of its name. @param {HTMLInputElement} field */
const said = (field) => field.type === "text" ? field.value.trim()
  : new FormData(field.form ?? undefined).getAll(field.name).join(", ");

/** Say of a form whether it is saved. @param {any} form */
const mark = (form) => { form.querySelector("[data-changed]").textContent = changed(form).length ? "Not saved yet" : ""; };

const matched = (/** @type {Exclusion} */ { hint, notes, count }) => html`
  ${hint ? html`<p class="hint">${hint}</p>` : nothing}
  <ul class="names">${notes.map((note) => html`<li class="break" dir="auto">${note}</li>`)}</ul>
  ${(count ?? 0) > notes.length ? html`<p class="hint">and ${((count ?? 0) - notes.length).toLocaleString("en")} more</p>` : nothing}`;

class Settings extends HTMLElement {
  asked = 0;

  connectedCallback() {
    this.addEventListener("submit", (event) => this.submitted(event));
    this.addEventListener("input", (event) => this.typed(/** @type {HTMLInputElement} */ (event.target)));
    this.one("[data-forget]").addEventListener("click", () => this.send("DELETE", "/api/settings/key"));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.look(); });
    this.one("[data-exclusions]").replaceChildren();
    this.show(data());
  }

  /** @param {string} selector @returns {any} */
  one(selector) { return this.querySelector(selector); }
  /** @param {string} selector @returns {NodeListOf<any>} */
  all(selector) { return this.querySelectorAll(selector); }

  /** @param {Event} event */
  async submitted(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const field = form.querySelector("input");
    const value = field?.value ?? "";
    if ("settings" in form.dataset) {
      const values = Object.fromEntries(changed(form).map((one) => [one.name, said(one) || null]));
      if (Object.keys(values).length) await this.send("PUT", "/api/settings", { values }, { form });
    } else if (field && value.trim()) {
      field.value = "";
      if ("key" in form.dataset) await this.send("PUT", "/api/settings/key", { key: value });
      else if (!(await this.send("PUT", "/api/settings", { exclude: [value] }))) field.value = value;
      this.typed(field);
    }
  }

  /** Change something. @param {string} method @param {string} path @param {object} [body] @param {{form?: HTMLFormElement, undo?: () => void}} [how] */
  async send(method, path, body, { form, undo } = {}) {
    const state = await api(method, path, body).catch(fault);
    if (!state) return false;
    this.show(state, form);
    toast(state.said, { tone: "good", action: undo && { label: "Undo", run: undo } });
    return true;
  }

  /** Show what is in force now: another tab, or a terminal, may have changed it. */
  look() { api("GET", "/api/settings").then((state) => this.show(state), () => {}); }

  /** @param {State} state @param {HTMLFormElement} [saved] its fields take the server's values; of others, what was typed stays */
  show(state, saved) {
    for (const { name, shown, said, warns, overrides } of state.settings) {
      for (const one of this.all(`input[name="${name}"]`)) {
        const keeps = one.form !== saved && changed(one.form).some((other) => other.name === name);
        const [field, value] = one.type === "text" ? ["Value", shown] : ["Checked", shown.split(", ").includes(one.value)];
        one[`default${field}`] = value;
        if (!keeps) one[field.toLowerCase()] = value;
        one.disabled = Boolean(overrides || state.locked);
      }
      for (const one of this.all(`[data-source="${name}"]`)) Object.assign(one, { textContent: said }).dataset.tone = warns ? "warn" : "";
    }
    this.one("[data-key-standing]").textContent = state.key;
    const notices = { locked: state.locked && `${state.locked}: settings are shown here, but cannot be changed.`, problem: state.problem };
    for (const [name, text] of Object.entries(notices)) Object.assign(this.one(`[data-${name}]`), { hidden: !text, textContent: text });
    for (const one of this.all("[data-live], #pattern, #key")) one.disabled = Boolean(state.locked);
    for (const form of this.all("form[data-settings]")) mark(form);
    render(state.exclusions.length ? repeat(state.exclusions, (one) => one.source + one.entry, (one) => this.exclusion(one, state)) : NOTHING_EXCLUDED, this.one("[data-exclusions]"));
  }

  /** @param {Exclusion} one @param {State} state */
  exclusion(one, state) {
    const undo = () => this.send("PUT", "/api/settings", { exclude: [one.entry] });
    const remove = () => this.send("PUT", "/api/settings", { include: [one.entry] }, { undo });
    return html`<div class="exclusion"><details ?open=${one.count === 0}>
      <summary><code dir="auto">${one.entry}</code> ${one.said ? html`<span class="badge ${one.count ? "" : "badge-warn"}">${one.said}</span>` : nothing}
        <span class="source">${one.source}</span></summary>
      ${matched(one)}</details>
      ${one.source === "config file" && !state.locked ? html`<button class="btn btn-quiet" aria-label="Do not exclude ${one.entry} any longer" @click=${remove}>Remove</button>` : nothing}</div>`;
  }

  /** @param {HTMLInputElement} field */
  typed(field) {
    const last = field.type === "checkbox" && !said(field);
    if (last) toast(`${field.value} stays: at least one property has to be used. Choose another one first.`);
    field.checked ||= last;
    if (field.form && "settings" in field.form.dataset) mark(field.form);
    if (field.id === "pattern") this.match(field.value.trim());
  }

  /** Show what a pattern would exclude. */
  match = later(TYPING_MS, async (/** @type {string} */ pattern) => {
    const asked = ++this.asked;
    const found = /[^#/.\s]/.test(pattern) && await api("GET", `/api/settings/matches?pattern=${encodeURIComponent(pattern)}`)
      .catch((error) => ({ said: "", hint: error.message, notes: [], count: 0 }));
    if (asked !== this.asked) return;  // something else was typed meanwhile
    render(found ? html`<p>${found.said && (found.count || !found.hint) ? `Matches ${found.said}` : nothing}</p>${matched(found)}` : nothing, this.one("[data-matches]"));
  });
}

define("nm-settings", Settings);
