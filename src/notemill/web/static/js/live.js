// The page's one socket: what has changed on the server, and whether there is a connection at all.
import { api } from "./core.js";

/** @typedef {{seq: number, type: string, [more: string]: any}} Message */
/** @typedef {{run: string, after: string|null, limit: number}} Watched */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;
const ASK_EVERY_MS = 10000;

class Live {
  listeners = /** @type {Map<string, Set<(message: any) => void>>} */ (new Map());
  socket = /** @type {WebSocket|null} */ (null);
  watched = /** @type {Watched|null} */ (null);
  connected = false;
  reason = "";
  seq = 0;
  retry = 0;
  pause = FIRST_PAUSE_MS;
  asked = false;

  constructor() {
    document.addEventListener("visibilitychange", () => this.wake());
    window.addEventListener("online", () => this.wake());
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.wake(); });
    window.addEventListener("pagehide", () => this.socket?.close());
    window.setInterval(() => this.ask(), ASK_EVERY_MS);
  }

  /** Hear of messages of a type, or of "state". @param {string} type @param {(message: any) => void} listener @returns {() => void} */
  on(type, listener) {
    const all = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, all.add(listener));
    return () => all.delete(listener);
  }

  /** Say which items the page shows. @param {Watched} window */
  watch(window) {
    this.watched = window;
    this.send({ watch: window });
  }

  /** @param {object} message */
  send(message) { if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message)); }

  wake() {
    if (this.socket?.readyState === WebSocket.OPEN) this.send({ quiet: document.hidden });
    else if (!document.hidden) this.connect();
  }

  /** Give up a connection without an answer: after a sleep, or with its server halted, it only looks alive. */
  ask() {
    if (document.hidden || this.socket?.readyState !== WebSocket.OPEN) return;
    if (!this.asked) return this.send({ ask: (this.asked = true) });
    this.socket.close();
    this.socket = null;
    this.lost();
  }

  connect() {
    window.clearTimeout(this.retry);
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    this.socket = socket;
    this.seq = 0;
    socket.addEventListener("open", () => {
      if (this.watched) this.send({ watch: this.watched });
      if (document.hidden) this.send({ quiet: true });
    });
    socket.addEventListener("message", (event) => { if (socket === this.socket) this.hear(JSON.parse(event.data)); });
    socket.addEventListener("close", () => { if (socket === this.socket) this.lost(); });
  }

  /** @param {Message} message */
  hear(message) {
    this.asked = false;
    if (!this.connected) {
      [this.connected, this.pause, this.reason] = [true, FIRST_PAUSE_MS, ""];
      this.tell("state", { connected: true });
    }
    if (message.seq !== this.seq + 1 && message.type !== "snapshot") this.send({ watch: this.watched });
    this.seq = message.seq;
    this.tell(message.type, message);
  }

  /** @param {string} type @param {object} message */
  tell(type, message) { for (const listener of this.listeners.get(type) ?? []) listener(message); }

  /** Try again soon, and find out why there is no connection: no server, or one that says what is wrong. */
  async lost() {
    this.connected = false;
    this.retry = window.setTimeout(() => this.connect(), this.pause);
    this.pause = Math.min(this.pause * 1.7, LONGEST_PAUSE_MS);
    this.tell("state", { connected: false, reason: this.reason });
    this.reason = await api("GET", "/api/session").then(() => "", (error) => (error.status ? error.message : ""));
    if (!this.connected) this.tell("state", { connected: false, reason: this.reason });
  }
}

export const live = new Live();
