// What all screens use: templates, the API, what is said and shown, and how figures are written.
import { html, nothing, render, svg } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";

export { html, nothing, render, repeat, svg };

/** What a request fails with; `status` 0 means that the server was not reached. @param {string} message @param {number} status */
const failed = (message, status) => Object.assign(new Error(message), { status });

const UNREACHED = "No connection to the server: nothing was changed. It may have been stopped.";
const NO_SESSION = "This page's session has ended. Open the link that `notemill serve --url` prints.";

/** Ask the API. An error of it is a sentence for people, with a `status`. @param {string} method @param {string} path @param {unknown} [body]
 * @param {AbortSignal} [signal] for what only this page needs @returns {Promise<any>} */
export async function api(method, path, body, signal) {
  const headers = new Headers({ "X-Notemill": "1" });
  const isFile = body instanceof Blob;
  if (body !== undefined && !isFile) headers.set("Content-Type", "application/json");
  const sent = body === undefined || isFile ? body : JSON.stringify(body);
  // What is asked for still arrives where the page ends meanwhile; browsers keep little for that.
  const keepalive = !signal && typeof sent === "string" && sent.length < 4096;
  const answer = await fetch(path, { method, headers, body: sent, keepalive, signal }).catch(() => { throw failed(UNREACHED, 0); });
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said;
  if (answer.status === 401 || answer.status === 403) throw failed(NO_SESSION, answer.status);
  throw failed(said?.error?.message ?? `the server answered ${answer.status}`, answer.status);
}

/** Read a page of this server as a document; nothing in it runs. @param {string} path @returns {Promise<Document|null>} */
export function pageAt(path) {
  return new Promise((resolve) => {
    const asked = new XMLHttpRequest();
    asked.open("GET", path);
    asked.responseType = "document";
    asked.addEventListener("loadend", () => resolve(asked.status === 200 ? asked.responseXML : null));
    asked.send();
  });
}

/** Read the data that the server put into the page. @param {string} id @returns {any} */
export const data = (id = "data") => JSON.parse(document.getElementById(id)?.textContent ?? "null");

/** Make a custom element known. @param {string} name @param {CustomElementConstructor} element */
export function define(name, element) { if (!customElements.get(name)) customElements.define(name, element); }

/** A function that runs `run` once it was not called for a while. @param {number} ms @param {(given: any) => void} run */
export function later(ms, run) {
  let timer = 0;
  return (/** @type {any} */ given = undefined) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(run, ms, given);
  };
}

// -- what is said and shown ----------------------------------------------------------------------

const SAY_EVERY_MS = 5000;
let saidAt = -SAY_EVERY_MS;
let toSay = "";
let saying = 0;

/** Tell a screen reader, at most every five seconds and then the newest. @param {string} text */
export function say(text) {
  toSay = text;
  if (saying) return;
  saying = window.setTimeout(() => {
    saying = 0;
    saidAt = performance.now();
    const place = document.querySelector("[data-say]");
    if (place) place.textContent = toSay;
  }, Math.max(0, saidAt + SAY_EVERY_MS - performance.now()));
}

const TOAST_MS = 8000;

/** Show a short message; one that reports a fault stays until it is closed. @param {string} text
 * @param {{tone?: "good"|"bad"|"plain", action?: {label: string, run: () => void}}} [how] */
export function toast(text, { tone = "plain", action } = {}) {
  const place = document.querySelector("[data-toasts]");
  if (!place) return;
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.tone = tone;
  box.setAttribute("role", tone === "bad" ? "alert" : "status");
  const gone = () => box.remove();
  render(html`<span>${text}</span><span class="row">
    ${action ? html`<button class="btn btn-quiet" @click=${() => { gone(); action.run(); }}>${action.label}</button>` : nothing}
    <button class="btn btn-quiet" aria-label="Close this message" @click=${gone}>×</button></span>`, box);
  while (place.children.length >= 4) place.firstElementChild?.remove();
  place.append(box);
  if (tone !== "bad") window.setTimeout(gone, TOAST_MS);
}

/** Say what went wrong. @param {unknown} error */
export const fault = (error) => toast(error instanceof Error ? error.message : String(error), { tone: "bad" });

// -- figures -------------------------------------------------------------------------------------

/** A count with its noun. @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/** Dollars as commands write them: two decimals from a dollar up, four below, two digits below a cent. @param {string|number} amount */
export function usd(amount) {
  const value = Math.abs(Number(amount));
  const places = value >= 1 || !value ? 2 : value >= 0.01 ? 4 : 1 - Math.floor(Math.log10(value));
  const text = value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: places });
  return `${Number(amount) < 0 ? "-" : ""}$${text}`;
}

/** A duration, whatever its length: "25 h 10 min", "3 min 5 s". @param {number|null|undefined} seconds */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 1) return seconds > 0 ? `${seconds.toFixed(1)} s` : "0 s";
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** A moment in the reader's zone, with its date where that is not today. @param {number|null|undefined} epochSeconds */
export function when(epochSeconds) {
  if (!epochSeconds) return "";
  const [at, now] = [new Date(epochSeconds * 1000), new Date()];
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === now.toDateString()) return time;
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return `${at.toLocaleDateString([], { day: "numeric", month: "short", year })}, ${time}`;
}
