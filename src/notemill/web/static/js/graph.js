// The graph: a picture on a canvas where there is WebGL, else the server's drawing; and notes found as one types.
import { api, counted, data, define, fault, html, later, nothing, render, repeat, say } from "./core.js";
import { live } from "./live.js";

/** @typedef {{id: string, note: string, title: string, links: number, written: number, proposed: number}} Line */
/** @typedef {"own"|"written"|"accepted"|"proposed"} Standing */
/** @typedef {{tag: string, notes: number}} Group */
/** @typedef {{focus: string|null, shown: string, notes: (Line & {group: number, x: number, y: number})[], links: [number, number, Standing][], groups: Group[], left_out: number, box: number[]}} Picture */
/** @typedef {CanvasRenderingContext2D} Canvas */
/** @typedef {Line & {description: string, tags: string[], proposed_tags: string[], waiting: number, linked: {id: string, note: string, title: string, standing: Standing}[]}} Card */

const MANY_LINKS = 4000; // from here on lines are thin and pale, and not drawn while the picture moves
const SAID = { own: "", written: "notemill linked", accepted: "accepted", proposed: "proposed" };
const TYPE_PAUSE_MS = 120;
const DECIDED_PAUSE_MS = 1500; // decisions come in series

// Dashes along the line, whatever its direction; sigma's own program has the line's normal.
const DASHES = `
precision mediump float;
varying vec4 v_color;
varying vec2 v_normal;
varying float v_thickness, v_feather;
void main(void) {
  vec2 along = normalize(vec2(-v_normal.y, v_normal.x) + vec2(1e-6, 0.0));
  if (cos(dot(gl_FragCoord.xy, along) * 0.55) < -0.1) discard;
  float edge = smoothstep(v_thickness - v_feather, v_thickness, length(v_normal) * v_thickness);
  gl_FragColor = mix(v_color, vec4(0.0), edge);
}`;

/** Load the two libraries, which are no modules: they leave one global name each. */
async function libraries() {
  for (const one of ["graphology/graphology.umd.min.js", "sigma/sigma.min.js"]) await import(new URL(`../vendor/${one}`, import.meta.url).href);
  const { Sigma, graphology } = /** @type {any} */ (window);
  return { Sigma, graphology };
}

const around = (/** @type {string} */ id) => `/graph?note=${encodeURIComponent(id)}`;
const short = (/** @type {string} */ text) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

class GraphElement extends HTMLElement {
  start = data();
  stage = /** @type {HTMLElement} */ (this.querySelector("[data-stage]"));
  card = /** @type {HTMLElement} */ (this.querySelector("[data-card]"));
  shown = /** @type {string} */ (this.start.shown);
  chosen = /** @type {string|null} */ (this.start.note || null);
  hovered = /** @type {string|null} */ (null);
  only = /** @type {number|null} */ (null);
  graph = /** @type {any} */ (null);
  sigma = /** @type {any} */ (null);
  canvas = document.createElement("div");
  rendered = false;
  taken = /** @type {number[][]} */ ([]); // where names are in this frame

  connectedCallback() {
    if (document.createElement("canvas").getContext("webgl2")) this.draw();
    else this.tell("This browser has no WebGL, which the whole vault needs. Choose a note in the table to see its neighbourhood.");
  }

  /** @param {string} text */
  tell(text) { for (const place of this.stage.querySelectorAll("[data-loading]")) place.textContent = text; }

  /** @returns {Promise<Picture>} */
  fetched() {
    const shown = `shown=${this.shown}`;
    return api("GET", this.start.note ? `/api/graph?note=${this.start.note}&depth=${this.start.depth}&${shown}` : `/api/graph?${shown}`);
  }

  async draw() {
    this.tell("Drawing the whole vault…");
    try {
      const [picture, { Sigma, graphology }] = await Promise.all([this.start.picture ?? this.fetched(), libraries()]);
      if (!picture.notes.length) return;
      this.graph = new graphology.Graph({ type: "undirected" });
      this.colours();
      this.fill(picture);
      this.canvas.className = "canvas";
      this.canvas.setAttribute("role", "img");
      this.stage.prepend(this.canvas);
      this.sigma = new Sigma(this.graph, this.canvas, this.settings(Sigma));
      for (const old of this.stage.querySelectorAll("[data-drawing], [data-loading]")) old.remove();
      this.listen();
    } catch (error) {
      this.tell(/** @type {Error} */ (error).message);
    }
  }

  /** Read the colours of the page, which follow its scheme. */
  colours() {
    const style = getComputedStyle(this);
    const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
    this.ink = { text: of("text"), line: of("line"), rim: of("surface"), own: of("own"), pale: of("pale"), ours: of("ours"), waits: of("waits"), font: of("font") };
    this.groups = new Map([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8].map((one) => [one, of(`g${one}`)]));
  }

  /** @param {Picture} picture */
  fill(picture) {
    const [left, low, right, high] = picture.box;
    this.box = left < right || low < high ? { x: [left, right], y: [low, high] } : { x: [-1, 1], y: [-1, 1] };
    this.many = picture.links.length > MANY_LINKS;
    const scale = picture.focus ? 1 : Math.max(0.28, Math.min(0.7, 10 / Math.sqrt(picture.notes.length)));
    this.graph.clear();
    for (const one of picture.notes) {
      const size = Math.min(4.5 + Math.sqrt(one.links + one.written + one.proposed), 13) * scale;
      this.graph.addNode(one.id, { x: one.x, y: one.y, size, label: short(one.title), group: one.group, forceLabel: one.id === picture.focus });
    }
    for (const [a, b, standing] of picture.links) {
      this.graph.addEdge(picture.notes[a].id, picture.notes[b].id, { standing, type: standing === "own" || standing === "written" ? "line" : "dashed" });
    }
    this.canvas.setAttribute("aria-label", `${counted(picture.notes.length, "note")} and ${counted(picture.links.length, "link")}; the table below has the same notes`);
    this.legend(picture.groups);
  }

  /** @param {any} Sigma */
  settings(Sigma) {
    const Rectangle = Sigma.rendering.EdgeRectangleProgram;
    class Dashed extends Rectangle {
      getDefinition() { return { ...super.getDefinition(), FRAGMENT_SHADER_SOURCE: DASHES }; }
    }
    return {
      edgeProgramClasses: { line: Rectangle, dashed: Dashed },
      labelFont: this.ink?.font, labelSize: 12, labelRenderedSizeThreshold: this.many ? 2.8 : 4, labelDensity: 1.5, labelGridCellSize: 100,
      defaultDrawNodeLabel: (/** @type {Canvas} */ place, /** @type {any} */ node, /** @type {any} */ set) => this.name(place, node, set),
      defaultDrawNodeHover: (/** @type {Canvas} */ place, /** @type {any} */ node, /** @type {any} */ set) => this.ring(place, node, set),
      nodeReducer: (/** @type {string} */ id, /** @type {any} */ note) => this.noteLook(id, note),
      edgeReducer: (/** @type {string} */ id, /** @type {any} */ link) => this.lineLook(id, link),
      minCameraRatio: 0.02, maxCameraRatio: 4, enableCameraRotation: false, zIndex: true, hideEdgesOnMove: this.many, stagePadding: Math.min(60, this.stage.clientWidth / 10), minEdgeThickness: 0.4,
    };
  }

  /** How a note looks: pale if another is in question. @param {string} id @param {any} note */
  noteLook(id, note) {
    const near = !this.hovered || id === this.hovered || this.graph.areNeighbors(id, this.hovered);
    const lit = near && (this.only === null || note.group === this.only);
    const chosen = id === this.chosen;
    return { ...note, color: lit || chosen ? this.groups?.get(note.group) : this.ink?.line, label: lit || chosen ? note.label : "", zIndex: lit ? 1 : 0, highlighted: chosen, forceLabel: note.forceLabel || chosen || (Boolean(this.hovered) && near) };
  }

  /** How a link looks: by what it is, and hidden if it is not of the note in question. @param {string} id @param {any} link */
  lineLook(id, link) {
    const plain = link.standing === "own";
    const hidden = Boolean(this.hovered) && !this.graph.hasExtremity(id, this.hovered);
    const name = !plain ? (link.standing === "written" ? "ours" : "waits") : this.many && !this.hovered ? "pale" : "own";
    return { ...link, hidden, color: this.ink?.[name], size: this.many ? (plain ? 0.6 : 1.2) : plain ? 1.6 : 2.6, zIndex: plain ? 0 : 1 };
  }

  /** Draw a note's name, with a rim so that it can be read over lines. @param {Canvas} place @param {any} node @param {any} set */
  name(place, node, set, weight = 400) {
    if (!node.label || !this.ink) return;
    Object.assign(place, { font: `${weight} ${set.labelSize}px ${set.labelFont}`, lineJoin: "round", lineWidth: 4, strokeStyle: this.ink.rim, fillStyle: this.ink.text });
    const [wide, off, y] = [place.measureText(node.label).width, node.size + 4, node.y + set.labelSize / 3];
    const x = node.x + off + wide > this.canvas.clientWidth ? node.x - off - wide : node.x + off;
    if (weight < 500 && this.taken.some(([at, up, far]) => x < at + far && at < x + wide && Math.abs(y - up) < 14)) return; // over another
    this.taken.push([x, y, wide]);
    place.strokeText(node.label, x, y);
    place.fillText(node.label, x, y);
  }

  /** Draw the note under the pointer, and the chosen one: with a ring. @param {Canvas} place @param {any} node @param {any} set */
  ring(place, node, set) {
    this.name(place, node, set, 650);
    Object.assign(place, { lineWidth: 2.5, strokeStyle: this.ink?.text });
    place.beginPath();
    place.arc(node.x, node.y, node.size + 2, 0, Math.PI * 2);
    place.stroke();
  }

  listen() {
    const { sigma } = this;
    sigma.setCustomBBox(this.box);
    sigma.on("enterNode", (/** @type {{node: string}} */ { node }) => this.hover(node));
    sigma.on("leaveNode", () => this.hover(null));
    sigma.on("beforeRender", () => { this.taken = []; });
    sigma.on("clickNode", (/** @type {{node: string}} */ { node }) => this.choose(node));
    sigma.on("doubleClickNode", (/** @type {any} */ event) => {
      event.preventSigmaDefault();
      if (event.node === this.chosen) location.assign(around(event.node));
      else this.choose(event.node); // two notes, clicked fast
    });
    const zoom = /** @type {HTMLElement} */ (this.querySelector("[data-zoom]"));
    zoom.hidden = false;
    for (const one of zoom.querySelectorAll("button")) one.addEventListener("click", () => this.zoom(one.dataset.by));
    live.on("review", later(DECIDED_PAUSE_MS, () => this.again()));
    for (const tab of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-shown]"))) {
      tab.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.show(tab);
      });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.colours(); sigma.refresh(); });
    this.dataset.ready = this.chosen ?? "whole";
  }

  /** @param {string|null} id */
  hover(id) {
    this.hovered = id;
    this.sigma.refresh({ skipIndexation: true });
  }

  /** @param {string|undefined} by */
  zoom(by) {
    const step = by === "in" ? "animatedZoom" : by === "out" ? "animatedUnzoom" : "animatedReset";
    this.sigma.getCamera()[step]({ duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200 });
  }

  /** Show the links of before or after; notes stay where they are. @param {HTMLAnchorElement} tab */
  async show(tab) {
    this.shown = tab.dataset.shown ?? "after";
    const picture = await this.again();
    if (!picture) return;
    for (const one of document.querySelectorAll("[data-shown]")) one.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "true");
    history.replaceState(null, "", tab.href);
    say(`${tab.textContent?.trim()}: ${counted(picture.notes.length, "note")}, ${counted(picture.links.length, "link")}`);
  }

  /** Draw what is true now. */
  async again() {
    const picture = await this.fetched().catch(fault);
    this.hovered = null;
    if (picture) this.fill(picture);
    return picture;
  }

  /** Show what is known of a note beside the picture. @param {string} id */
  async choose(id) {
    const card = /** @type {Card|undefined} */ (await api("GET", `/api/graph/notes/${id}`).catch(fault));
    if (!card) return;
    this.chosen = id;
    this.hover(this.hovered);
    if (!this.rendered) this.card.replaceChildren();
    this.rendered = true;
    render(this.cardView(card), this.card);
    say(`${card.title}: ${counted(card.links + card.written + card.proposed, "link")}`);
  }

  /** @param {Card} card */
  cardView(card) {
    const every = card.links + card.written + card.proposed;
    return html`<div><h2 dir="auto">${card.title}</h2><p class="hint break" dir="auto">${card.note}</p></div>
      ${card.description ? html`<p dir="auto">${card.description}</p>` : nothing}
      ${card.tags.length + card.proposed_tags.length ? html`<p class="row">
        ${card.tags.map((one) => html`<span class="tag" dir="auto">#${one}</span>`)}
        ${card.proposed_tags.map((one) => html`<span class="tag waits" dir="auto" title="proposed">#${one}<span class="visually-hidden"> (proposed)</span></span>`)}</p>` : nothing}
      <p class="row">${card.waiting ? html`<a class="btn btn-primary" href=${`/review?note=${encodeURIComponent(card.note)}`}>Review ${counted(card.waiting, "proposal")}</a>` : nothing}
        <a class="btn" href=${`/notes/${card.id}`}>Read the note</a>
        ${card.id === this.start.note ? nothing : html`<a class="btn" href=${around(card.id)}>Show its neighbours</a>`}</p>
      <div><h3>${every ? counted(every, "link") : "No links"}</h3>
        <ul class="places">${card.linked.map((one) => html`<li><a href=${around(one.id)} dir="auto" title=${one.note}>${one.title}</a>
          ${SAID[one.standing] ? html`<span class="badge">${SAID[one.standing]}</span>` : nothing}</li>`)}</ul>
        ${every > card.linked.length ? html`<p class="hint">The <a href=${`${around(card.id)}#notes`}>table</a> has them all.</p>` : nothing}</div>`;
  }

  /** @param {Group[]} groups */
  legend(groups) {
    const place = /** @type {HTMLElement} */ (this.querySelector("[data-legend]"));
    const toggle = (/** @type {number} */ group) => {
      this.only = this.only === group ? null : group;
      this.hover(null);
      this.legend(groups);
    };
    if (!place.querySelector("button")) place.replaceChildren();
    render(repeat(groups, (one) => one.tag, (one, group) => html`<li data-group=${group}>
      <button type="button" aria-pressed=${this.only === group} title="Show only these" @click=${() => toggle(group)}>
        <span class="swatch"></span><span dir="auto">#${one.tag}</span> <span class="muted">${one.notes.toLocaleString("en")}</span></button></li>`), place);
  }
}

/** Let the form find notes as one types: arrows choose, Enter goes there. @param {HTMLFormElement} form */
function findAsTyped(form) {
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input"));
  const box = /** @type {HTMLElement} */ (form.querySelector("[data-found]"));
  let items = /** @type {Line[]} */ ([]);
  let [at, asked] = [-1, 0];
  box.id = "found";
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "found", "aria-expanded": "false" })) field.setAttribute(name, value);
  const show = () => {
    for (const [name, value] of Object.entries({ "aria-expanded": String(!box.hidden), "aria-activedescendant": at < 0 ? "" : `found-${at}` })) field.setAttribute(name, value);
    render(html`<div role="listbox" aria-label="Notes found">${items.map((one, number) => html`<div role="option" id=${`found-${number}`} aria-selected=${number === at}
      @click=${() => location.assign(around(one.id))}><span dir="auto">${one.title}</span><small dir="auto">${one.note}</small></div>`)}</div>
      ${items.length ? nothing : html`<p class="muted">No note has this in its name or tags.</p>`}`, box);
    document.getElementById(`found-${at}`)?.scrollIntoView({ block: "nearest" });
  };
  const close = () => { box.hidden = true; at = -1; show(); };
  field.addEventListener("input", () => {
    const mine = ++asked;
    window.setTimeout(async () => {
      if (mine !== asked) return;
      if (!field.value.trim()) return close();
      const found = await api("GET", `/api/graph/notes?search=${encodeURIComponent(field.value)}`).catch(() => null);
      if (mine !== asked || !found) return;
      items = found.items;
      at = items.length ? 0 : -1;
      box.hidden = false;
      show();
      say(items.length ? counted(items.length, "note") : "No note found");
    }, TYPE_PAUSE_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || box.hidden) return;
    if (event.key === "Escape") { event.preventDefault(); close(); }
    else if (event.key === "Enter" && items[at]) { event.preventDefault(); location.assign(around(items[at].id)); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % Math.max(items.length, 1);
      show();
    }
  });
  field.addEventListener("blur", () => window.setTimeout(close, 150));
}

define("nm-graph", GraphElement);
findAsTyped(/** @type {HTMLFormElement} */ (document.querySelector("[data-search]")));
