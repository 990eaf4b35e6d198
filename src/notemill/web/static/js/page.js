// What every page has: the connection's state, the number that waits, and times in the reader's zone.
import { when } from "./core.js";
import { live } from "./live.js";

const standing = /** @type {HTMLElement|null} */ (document.querySelector("[data-standing]"));
const waiting = /** @type {HTMLElement|null} */ (document.querySelector("[data-waiting]"));

/** @param {{pending?: number}|undefined} counts */
function showWaiting(counts) {
  if (!waiting || !counts) return;
  waiting.textContent = (counts.pending ?? 0).toLocaleString("en");
  waiting.hidden = !counts.pending;
}

/** Write the times that the server gave as instants. @param {ParentNode} place */
export function localTimes(place = document) {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (place.querySelectorAll("time[data-when]"))) {
    const at = Number(time.dataset.when);
    time.textContent = when(at);
    time.title = new Date(at * 1000).toLocaleString();
  }
}

/** What the server said last of each part: script may have changed it since. @type {Map<string, string>} */
const serverSaid = new Map();
const NAMES = ["id", "data-do", "data-copy", "href"]; // by which what has the keyboard is known again

/** Take over the parts of a page that the server shows otherwise now, unless text in them is selected.
 * @param {ParentNode} place @param {Document} fresh @param {boolean} [whole] whether what is slow to count is counted in it */
export function swap(place, fresh, whole = true) {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-part]"))) {
    const name = part.dataset.part ?? "";
    const found = /** @type {HTMLElement|null} */ (fresh.querySelector(`[data-part="${name}"]`));
    const selection = document.getSelection();
    const isSelected = selection && !selection.isCollapsed && selection.containsNode(part, true);
    if (!found || isSelected || (!whole && "slow" in found.dataset) || serverSaid.get(name) === found.outerHTML) continue;
    serverSaid.set(name, found.outerHTML);
    const now = document.importNode(found, true);
    localTimes(now);
    for (const one of /** @type {NodeListOf<HTMLDetailsElement>} */ (part.querySelectorAll("details[id]"))) now.querySelector(`details#${CSS.escape(one.id)}`)?.toggleAttribute("open", one.open);
    if (now.isEqualNode(part)) continue;
    const focus = part.contains(document.activeElement) ? document.activeElement : null;
    const known = NAMES.find((one) => focus?.hasAttribute(one));
    part.replaceWith(now);
    if (known) /** @type {HTMLElement|null} */ (now.querySelector(`[${known}="${CSS.escape(focus?.getAttribute(known) ?? "")}"]`))?.focus({ preventScroll: true });
  }
}

/** @type {EventTarget[]} */ let around = []; // what has the keyboard, and what it stands in, from inside out

/** Where what had the keyboard was taken away or closed, what it stood in has it: Tab goes on from there. */
function keepPlace() {
  if (document.activeElement !== document.body) return;
  const place = around.find((one) => one instanceof HTMLElement && one.checkVisibility());
  if (!(place instanceof HTMLElement) || place === around[0] || place === document.body) return;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

document.addEventListener("focusin", (event) => { around = event.composedPath(); });
document.addEventListener("pointerdown", () => { around = []; }, true); // a click beside everything gives the keyboard up
document.addEventListener("close", keepPlace, true);
new MutationObserver(keepPlace).observe(document.body, { childList: true, subtree: true });
live.on("state", ({ connected, reason }) => {
  if (!standing) return;
  standing.dataset.tone = connected ? "good" : "bad";
  standing.textContent = connected ? "" : reason || "No connection to the server. Trying again; nothing is saved until it is back.";
});
live.on("review", (message) => showWaiting(message.counts));
live.on("snapshot", (message) => showWaiting(message.review?.counts));
localTimes();
document.addEventListener("DOMContentLoaded", () => live.connect()); // every script of the page listens by then
