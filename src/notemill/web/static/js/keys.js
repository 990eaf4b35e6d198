// The keys of a screen: single letters that act on what is in focus, and the dialog that lists them.
//
// A letter counts by what it writes, not by where it lies; only where it writes no Latin letter does
// its place count. No key acts together with Ctrl, Alt or Meta, while something is typed or composed,
// or under an open dialog.
import { html, nothing, render } from "./core.js";

/** What a key does; `repeats` if it may be held down. @typedef {{label: string, run: () => void, repeats?: boolean}} Binding */
/** What a person has changed about the keys. @typedef {{off: boolean, moved: Record<string, string>}} Choice */

const KEPT = "notemill.keys";
const HELP = "?";
const HELPS = /** @type {Binding} */ ({ label: "This help", run: help });

const bound = /** @type {Map<string, Binding>} */ (new Map());

/** Bind keys, named as "A", "Shift+A", "ArrowDown" or "/". @param {Record<string, Binding>} bindings */
export function keys(bindings) { for (const [name, binding] of Object.entries(bindings)) bound.set(name, binding); }

/** The key that a person has to press for one that is bound, '' where it is switched off. @param {string} name */
export function keyFor(name) {
  const { off, moved } = choice();
  return off && isCharacter(name) ? "" : moved[name] ?? name;
}

// -- which key it was ----------------------------------------------------------------------------

/** @param {KeyboardEvent} event @returns {string} its name, '' where it is none of ours */
export function nameOf(event) {
  // Filling in a form sends a key that has no name.
  if (!event.key || event.isComposing || event.keyCode === 229) return "";
  if (event.ctrlKey || event.altKey || event.metaKey || event.getModifierState("AltGraph")) return "";
  let key = event.key.normalize("NFKC");
  if (/^\p{L}$/u.test(key) && !/\p{Script=Latin}/u.test(key)) key = /^Key([A-Z])$/.exec(event.code)?.[1] ?? key;
  if (!/^\p{L}$/u.test(key)) return key;
  // Shift says it, not the capital letter: Caps Lock writes those, too.
  return `${event.shiftKey ? "Shift+" : ""}${key.toUpperCase()}`;
}

const NO_TEXT = ["button", "checkbox", "color", "file", "image", "reset", "submit"];

/** Whether what is pressed there is meant for a field. @param {EventTarget|null|undefined} target */
function isField(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !NO_TEXT.includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** Whether something lies over the page that takes the keys. */
const isCovered = () => document.querySelector("dialog[open], :popover-open, [aria-modal=true]") !== null;

const isCharacter = (/** @type {string} */ name) => [...name.replace("Shift+", "")].length === 1;

document.addEventListener("keydown", (event) => {
  // A button that is held down would decide again and again.
  if (event.repeat && ["Enter", " "].includes(event.key) && event.target instanceof HTMLButtonElement) event.preventDefault();
  if (event.defaultPrevented || isField(event.composedPath()[0]) || isField(document.activeElement) || isCovered()) return;
  const pressed = nameOf(event);
  if (!pressed || pressed.startsWith("Arrow") && document.activeElement?.closest("[data-own-arrows]")) return;
  const binding = pressed === keyFor(HELP) ? HELPS : [...bound].find(([name]) => keyFor(name) === pressed)?.[1];
  if (!binding) return;
  event.preventDefault();
  if (!event.repeat || binding.repeats) binding.run();
});

document.addEventListener("click", (event) => { if (event.target instanceof Element && event.target.closest("[data-keys]")) help(); });

// -- what a person has changed -------------------------------------------------------------------

/** @returns {Choice} */
function choice() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    const moved = Object.entries(kept.moved ?? {}).filter(([, key]) => typeof key === "string");
    return { off: kept.off === true, moved: Object.fromEntries(moved) };
  } catch {
    return { off: false, moved: {} };
  }
}

/** @param {Choice} chosen */
function keep(chosen) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(chosen));
  } catch {
    // A browser that keeps nothing has the usual keys.
  }
  document.dispatchEvent(new CustomEvent("notemill-keys"));
}

// -- dialogs -------------------------------------------------------------------------------------

/** Open a dialog over the page; what lies below is out of reach until it closes, then gets focus back. @param {string} title
 * @param {(close: () => void) => unknown} content draws it, as often as `draw` asks @param {() => void} [closed] */
export function modal(title, content, closed = () => {}) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "modal-title");
  const close = () => dialog.close();
  const draw = () => render(html`<h2 id="modal-title">${title}</h2>${content(close)}`, dialog);
  const behind = [...document.body.children].filter((one) => one.matches("main, header, a") && !one.hasAttribute("aria-hidden"));
  dialog.addEventListener("close", () => {
    for (const one of behind) one.removeAttribute("aria-hidden");
    dialog.remove();
    closed();
  });
  draw();
  document.body.append(dialog);
  dialog.showModal();
  for (const one of behind) one.setAttribute("aria-hidden", "true");
  return { draw, dialog };
}

/** Show the keys, and let a person move them or switch them off. */
export function help() {
  if (isCovered()) return;
  let [moving, wrong] = ["", ""]; // the key that waits for another, and what is wrong with the last one
  const shown = modal("Keys", (close) => {
    const { off, moved } = choice();
    const then = (/** @type {() => void} */ change) => () => { change(); wrong = ""; shown.draw(); };
    return html`
      <table class="table keys"><tbody>${[...bound, /** @type {const} */ ([HELP, HELPS])].map(([name, { label }]) => html`<tr>
        <th scope="row">${label}</th>
        <td><kbd>${moving === name ? "press a key" : words(keyFor(name) || name)}</kbd></td>
        <td>${isCharacter(name) ? html`<button class="btn btn-quiet" aria-label="Another key for: ${label}"
          ?disabled=${off} @click=${then(() => { moving = name; })}>Another key</button>` : nothing}</td></tr>`)}
      </tbody></table>
      <p class="hint" role="status">${wrong || (moving ? "Press the key that you want; Escape leaves it as it is." : "")}</p>
      <label class="check"><input type="checkbox" .checked=${!off} @change=${then(() => keep({ off: !off, moved }))}>
        Use single-key shortcuts</label>
      <div class="actions">
        <button class="btn" @click=${then(() => keep({ off: false, moved: {} }))}>Reset</button>
        <button class="btn btn-primary" autofocus @click=${close}>Close</button></div>`;
  });
  shown.dialog.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (!moving || !name || name === "Shift" || name === "Tab") return;
    event.preventDefault();
    wrong = name === "Escape" ? "" : move(moving, name);
    if (!wrong) moving = "";
    shown.draw();
  });
}

/** Give a binding another key. @param {string} name @param {string} key @returns {string} why not, or '' */
function move(name, key) {
  if (!isCharacter(key) || key === " ") return "Choose a letter, a digit or a sign.";
  const taken = [...bound.keys(), HELP].find((one) => one !== name && keyFor(one) === key);
  if (taken) return `${words(key)} is taken: ${bound.get(taken)?.label ?? "this help"}.`;
  const { moved } = choice();
  keep({ off: false, moved: { ...moved, [name]: key } });
  return "";
}

export const words = (/** @type {string} */ name) => name.replace("Arrow", "").replace("Shift+", "⇧");
