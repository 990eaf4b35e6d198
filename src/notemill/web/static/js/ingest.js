// Ingest: addresses and files are named here, what is made of them is looked at here.
import { api, define, fault, html, pageAt, render, say, toast } from "./core.js";
import { live } from "./live.js";
import { swap } from "./page.js";
import { start } from "./start.js";
import { NmWork } from "./work.js";

const LOOK_AFTER_MS = 500;

/** A name that nobody guesses, for the files of this page that belong together. */
const newBatch = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");

class NmIngest extends HTMLElement {
  batch = newBatch();
  files = /** @type {Map<string, string>} */ (new Map()); // by name: what is happening to them, "" once they are there
  addresses = /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  sending = Promise.resolve();
  timer = 0;
  again = false;

  connectedCallback() {
    const chooser = /** @type {HTMLInputElement} */ (this.querySelector("[type=file]"));
    chooser.addEventListener("change", () => { this.add(chooser.files); chooser.value = ""; });
    this.querySelector("form")?.addEventListener("submit", (event) => { event.preventDefault(); this.read(); });
    this.addEventListener("dragover", (event) => { event.preventDefault(); this.toggleAttribute("over", true); });
    this.addEventListener("dragleave", (event) => { if (!this.contains(/** @type {Node|null} */ (event.relatedTarget))) this.removeAttribute("over"); });
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      this.removeAttribute("over");
      this.add(event.dataTransfer?.files);
      const text = event.dataTransfer?.getData("text/uri-list");
      if (text) this.addresses.value = `${this.addresses.value.trimEnd()}\n${text}`.trimStart();
    });
    this.addEventListener("work", () => this.look());
    for (const what of ["run", "review"]) live.on(what, () => this.look());
  }

  /** Send files, one after the other. @param {FileList|null|undefined} files */
  add(files) {
    for (const file of files ?? []) {
      this.files.set(file.name, "sending…");
      this.sending = this.sending.then(() => this.send(file));
    }
    this.show();
  }

  /** @param {File} file */
  async send(file) {
    await api("PUT", this.addressOf(file.name), file).then(() => {
      this.files.set(file.name, "");
      say(`${file.name} is there`);
    }, (error) => {
      this.files.delete(file.name);
      fault(`${file.name}: ${error.message}`);
    });
    this.show();
  }

  /** @param {string} name */
  async takeOut(name) {
    await api("DELETE", this.addressOf(name)).then(() => this.files.delete(name), fault);
    this.show();
  }

  /** @param {string} name */
  addressOf(name) { return `/api/ingest/files/${this.batch}/${encodeURIComponent(name)}`; }

  show() {
    const place = /** @type {HTMLElement} */ (this.querySelector("[data-files]"));
    render(html`${[...this.files].map(([name, words]) => html`<li class="row"><span class="clip" title=${name}>${name}</span>
      ${words ? html`<span class="hint">${words}</span>` : html`<button type="button" class="btn btn-quiet" aria-label=${`Remove ${name}`} @click=${() => this.takeOut(name)}>Remove</button>`}</li>`)}`, place);
  }

  /** Read what is named, in the dialog that shows its price. */
  async read() {
    await this.sending;
    const sources = this.addresses.value.split(/\s*\n\s*/).filter(Boolean);
    if (!sources.length && !this.files.size) {
      this.addresses.focus();
      return toast("Paste an address, or add a file.");
    }
    start("ingest", (job) => {
      this.batch = newBatch();
      this.files.clear();
      this.addresses.value = "";
      this.show();
      /** @type {NmWork} */ (this.querySelector("nm-work")).take(job);
      document.getElementById("working")?.focus();
    }, { sources, dropped: this.files.size ? this.batch : null });
  }

  /** Look at the notes again soon, and once more where something happens meanwhile. */
  look() {
    this.again = true;
    this.timer ||= window.setTimeout(async () => {
      this.again = false;
      const fresh = await pageAt(location.href);
      if (fresh) swap(this, fresh);
      this.timer = 0;
      if (this.again) this.look();
    }, LOOK_AFTER_MS);
  }
}

define("nm-ingest", NmIngest);
