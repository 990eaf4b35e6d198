// Home: what the server counts, kept up to date; the buttons that start work.
import { data, define, pageAt } from "./core.js";
import { live } from "./live.js";
import { swap } from "./page.js";
import { start } from "./start.js";
import { NmWork } from "./work.js";

const LOOK_AFTER_MS = 400;

class NmHome extends HTMLElement {
  looking = 0;
  timer = 0;

  connectedCallback() {
    const work = /** @type {NmWork} */ (this.querySelector("nm-work"));
    this.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("[data-start], [data-continue]"));
      const { start: kind, continue: run, stage } = button?.dataset ?? {};
      if (kind) start(kind, (job) => work.take(job));
      if (run) work.change(`/api/runs/${encodeURIComponent(run)}/resume`, { after_stage: Number(stage) });
    });
    this.addEventListener("work", () => this.look());
    live.on("review", () => this.look());
    if (!data().whole) this.look(0);
  }

  /** Look at the vault again soon: first what is quick, then the links. @param {number} [after] */
  look(after = LOOK_AFTER_MS) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(async () => {
      const number = ++this.looking;
      for (const path of ["/", "/?whole=true"]) {
        const fresh = await pageAt(path);
        if (number !== this.looking || !fresh) return;
        swap(this, fresh, path !== "/");
      }
    }, after);
  }
}

define("nm-home", NmHome);
