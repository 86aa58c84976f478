"use strict";
/* The theatre shows what a recording holds. It works nothing out: every number, position and width was
   made in Python; here they are looked up by name, put into words and drawn. */

const data = JSON.parse(document.getElementById("data").textContent);
const buffer = Uint8Array.from(atob(data.blob), c => c.charCodeAt(0)).buffer;
const TYPES = {float32: Float32Array, float64: Float64Array};
const $ = id => document.getElementById(id);
const state = {run: 0, it: 0, cue: 0, layer: null, entry: [0, 0], sample: 0, tour: null};

/* ---------------------------------------------------------------------------------- looking up */

/* The array of a name, "run/iteration/phase/name", with its shape; null where there is none. */
function array(name) {
  const [frame, rest] = name.match(/^([^/]+\/[^/]+\/[^/]+)\/(.*)$/).slice(1);
  const [layout, start] = data.frames[frame] || [];
  const found = layout !== undefined && data.layouts[layout][rest];
  if (!found) return null;
  const [type, offset, shape] = found;
  const values = new TYPES[type](buffer, start + offset, shape.reduce((a, b) => a * b, 1));
  return {name, values, shape};
}

const run = () => data.runs[state.run];
const iteration = () => run().iterations[state.it];
const cue = () => run().cues[state.cue];
const phase = () => run().phases[cue().phase];
const place = (i = cue().phase) => `${state.run}/${iteration()}/${i}`;
const here = name => array(`${place()}/${name}`);
const inIteration = ref => ref ? array(`${state.run}/${iteration()}/${ref}`) : null;

/* --------------------------------------------------------------------------- numbers as words */

function digits(x, n = 4) {
  const text = x === 0 ? "0" : x.toPrecision(n);
  return (text.includes("e+") ? String(Number(text)) : text).replaceAll("-", "−");
}

/* A printed number: its name, its place in the array, four digits, and nine on the pointer. */
function number(found, i = 0, n = 4) {
  if (!found || i >= found.values.length) return '<span class="none">absent</span>';
  const x = found.values[i];
  return `<data data-name="${found.name}" data-at="${i}" value="${x}" data-digits="${n}" title="${x.toPrecision(9)}">${digits(x, n)}</data>`;
}

/* Fill in the numbers of formulas, <mn data-ref="derived/mean_d_real:0">. */
function fill(element) {
  for (const mn of element.querySelectorAll("[data-ref]")) {
    const [name, at] = mn.dataset.ref.split(":");
    const found = here(name), i = Number(at || 0);
    mn.textContent = found ? digits(found.values[i]) : "absent";
    if (found) { mn.dataset.name = found.name; mn.dataset.at = i; }
  }
}

/* ------------------------------------------------------------------------------------ colours */

const colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "below", "middle", "above", "g", "real", "line"]) {
    const hex = style.getPropertyValue(`--${name}`).trim();
    colours[name] = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
  }
}
const between = (a, b, t) => a.map((x, i) => Math.round(x + (b[i] - x) * t));
const diverging = (v, most, low, high) => v < 0
  ? between(colours.middle, colours[low], Math.min(-v / most, 1)) : between(colours.middle, colours[high], Math.min(v / most, 1));

/* Paint rows × columns numbers, one pixel each; the browser scales the canvas. */
function paint(canvas, values, rows, columns, colour, flip = false) {
  canvas.width = columns; canvas.height = rows;
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const at = 4 * ((flip ? rows - 1 - r : r) * columns + c);
    image.data.set([...colour(values[r * columns + c]), 255], at);
  }
  context.putImageData(image, 0, 0);
}
const largest = values => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;

/* ----------------------------------------------------------------------- algorithm and source */

function showAlgorithm() {
  const [name, first, last] = cue().line, source = run().source[name];
  if ($("paper").dataset.run !== String(state.run)) {
    $("paper").innerHTML = run().paper;
    $("paper").dataset.run = state.run;
  }
  for (const part of $("paper").querySelectorAll("[data-lit]"))
    part.classList.toggle("lit", part.dataset.lit.split(" ").includes(cue().key));
  const lines = first === last ? `line ${first}` : `lines ${first} to ${last}`;
  $("file").textContent = `${source.file}, ${name}, ${lines}`;
  if ($("source").dataset.shown !== `${state.run} ${name}`) {
    $("source").innerHTML = source.lines.map(([n, text]) =>
      `<div data-line="${n}"><span>${n}</span><code>${escape(text)}</code></div>`).join("");
    $("source").dataset.shown = `${state.run} ${name}`;
  }
  let marked = null;
  for (const row of $("source").children) {
    const lit = row.dataset.line >= first && row.dataset.line <= last;
    row.classList.toggle("now", lit);
    if (lit) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    if (lit && !marked) marked = row;
  }
  if (marked) $("source").scrollTop = marked.offsetTop - $("source").offsetTop - 90;
}
const escape = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function showNumbers() {
  $("formulas").innerHTML = cue().formulas.map(text => `<div>${text}</div>`).join("");
  fill($("formulas"));
  const columns = cue().columns.map(([head, ref]) => [head, ...ref.split(":")]);
  const rows = columns.length ? Math.min(data.watched, here(columns[0][1]).shape[0]) : 0;
  const head = columns.map(([text]) => `<th scope="col">${text}</th>`).join("");
  let body = "";
  for (let r = 0; r < rows; r++) {
    const cells = columns.map(([, ref, c]) => {
      const found = here(ref);
      return `<td>${number(found, found ? r * (found.shape[1] || 1) + Number(c || 0) : 0)}</td>`;
    });
    const pressed = r === state.sample;
    body += `<tr class="${pressed ? "chosen" : ""}"><th scope="row"><button type="button" data-sample="${r}" aria-pressed="${pressed}"
      aria-label="Example ${r + 1}">${r + 1}</button></th>${cells.join("")}</tr>`;
  }
  const total = columns.length ? here(columns[0][1]).shape[0] : 0;
  $("examples").innerHTML = rows ? `<caption>Single examples: the first ${rows} of ${total}</caption>
    <thead><tr><th scope="col">example</th>${head}</tr></thead><tbody>${body}</tbody>` : "";
}

/* ---------------------------------------------------------------------------------- networks */

const TITLES = {generator: "G", discriminator: "D", encoder: "encoder", decoder: "decoder"};
const LOCK = '<svg viewBox="0 0 12 14" width="12" height="14" aria-hidden="true"><path d="M3 6V4a3 3 0 0 1 6 0v2" fill="none" '
  + 'stroke="currentColor" stroke-width="1.6"/><rect x="1.5" y="6" width="9" height="7" rx="1.5" fill="currentColor"/></svg>';

/* The networks that the phase called, in order; each with its passes side by side. */
function showNetworks() {
  const found = [];
  phase().passes.forEach((pass, i) => {
    const last = found[found.length - 1];
    const one = {...pass, shown: cue().passes[i], key: `${pass.network} ${pass.input}`};
    if (last && last.network === pass.network) last.passes.push(one);
    else found.push({network: pass.network, passes: [one]});
  });
  $("network").innerHTML = found.map((block, i) => (i ? joint(found[i - 1], block) : "") + network(block)).join("");
}

/* What lies between two networks: a line that gradients pass, or a cut. */
function joint(above, below) {
  const pass = above.passes[0];
  if (!below.passes.some(p => p.input !== "x")) return "";
  const name = {fake: "G(z)", z: "z"}[below.passes[below.passes.length - 1].input] || below.passes[0].input;
  return pass.remembered
    ? `<div class="joined">↓ ${name} goes on; its gradient comes back ↑</div>`
    : `<div class="cut">✂ cut: ${name} is data here, no tape leads back</div>`;
}

function network({network: name, passes}) {
  const frozen = phase().frozen[name], layers = run().networks[name];
  const why = frozen ? (passes.some(p => p.remembered) ? "frozen: weights constant, gradient passes" : "frozen: weights constant, nothing remembered")
    : "learns in this phase";
  const heads = passes.map(p => `<span class="head">on ${{fake: "G(z)", both: "x and G(z)"}[p.input] || p.input}</span>`).join("");
  const rows = layers.map(([path, call], l) => {
    const chosen = state.layer && state.layer[0] === name && state.layer[1] === path;
    const edges = passes.map(p => edge(p, p.layers.indexOf(path))).join("");
    return `<button type="button" class="layer ${frozen ? "frozen" : ""}" data-network="${name}" data-layer="${path}"
      aria-pressed="${chosen}" title="${call}">${path} ${call}</button>${edges}`;
  });
  return `<div class="net" style="grid-template-columns: minmax(0, 1.25fr) repeat(${passes.length}, minmax(0, 1fr))" data-network="${name}"
    data-frozen="${frozen}"><div class="name"><b class="${name}">${TITLES[name]}</b>
    <span class="state">${frozen ? LOCK + " " : ""}${why}</span></div>
    <span class="end">layer</span>${heads}${rows.join("")}</div>`;
}

/* Beside a layer: what leaves it, and the gradient that comes back to it. */
function edge(pass, l) {
  if (l < 0) return '<span class="edge"></span>';
  const norms = here(`derived/norms/${pass.key}`), widths = here(`derived/widths/${pass.key}`);
  if (!pass.shown) return '<span class="edge later"><span class="value"></span><svg viewBox="0 0 34 34" preserveAspectRatio="none"><path class="value" stroke-dasharray="2 4" d="M17 0V34"/></svg></span>';
  const [value, back] = [widths.values[2 * l], widths.values[2 * l + 1]];
  const backward = cue().gradients && back > 0;
  const nothing = cue().gradients && !back ? '<span class="none">no gradient</span>' : "";
  return `<span class="edge"><span class="value">${number(norms, 2 * l, 3)}</span>
    <svg viewBox="0 0 34 34" preserveAspectRatio="none" aria-hidden="true"><path class="value" stroke-width="${value}" d="M10 0V34"/>${
  backward ? `<path class="gradient" stroke-width="${back}" d="M24 34V0"/>` : ""}</svg>
    <span class="gradient">${backward ? number(norms, 2 * l + 1, 3) : nothing}</span></span>`;
}

/* ----------------------------------------------------------------------------------- the data */

function showFigures() {
  $("figures").innerHTML = "";
  for (const figure of cue().figures) {
    const shown = {plane, images, matrix: matrixFigure, cube}[figure.kind](figure);
    if (!shown) continue;
    shown.classList.toggle("wide", figure.kind !== "matrix");
    $("figures").append(shown);
  }
  if (!cue().figures.length) $("figures").innerHTML = '<p class="quiet">Nothing to see yet.</p>';
}

/* Points, arrows and the grid in the plane, in the data's own coordinates. */
function plane(figure) {
  const e = run().edge, box = document.createElement("figure"), best = $("best") && $("best").checked;
  const [real, fake, ends, moved, mesh] = ["real", "fake", "arrows", "moved", "mesh"].map(key => figure[key] && inIteration(figure[key]));
  const map = inIteration((best && figure.best) || figure.map), dot = e / 55;
  const pairs = found => Array.from({length: found.shape[0]}, (_, i) => [found.values[2 * i], found.values[2 * i + 1]]);
  const parts = [];
  if (mesh) for (let l = 0; l < mesh.shape[0]; l++) {
    const points = Array.from({length: mesh.shape[1]}, (_, i) => mesh.values.slice(2 * (l * mesh.shape[1] + i), 2 * (l * mesh.shape[1] + i) + 2));
    parts.push(`<path class="mesh" stroke-width="${e / 260}" d="M${points.map(p => p.join(" ")).join("L")}"/>`);
  }
  if (real) parts.push(...pairs(real).map(([x, y]) => `<circle class="real" cx="${x}" cy="${y}" r="${dot}"/>`));
  const diamond = (x, y) => `<path class="fake" transform="translate(${x} ${y}) scale(${1.25 * dot})" d="M0 -1L1 0L0 1L-1 0Z"/>`;
  const shown = moved || fake;
  if (moved) pairs(fake).forEach(([x, y], i) => parts.push(`<path class="moved" stroke-width="${e / 200}" d="M${x} ${y}L${moved.values[2 * i]} ${moved.values[2 * i + 1]}"/>`));
  if (shown) parts.push(...pairs(shown).map(([x, y]) => diamond(x, y)));
  if (ends && !moved) pairs(fake).forEach(([x, y], i) => parts.push(`<path class="arrow" marker-end="url(#head)" stroke-width="${e / 170}" d="M${x} ${y}L${ends.values[2 * i]} ${ends.values[2 * i + 1]}"/>`));
  for (const found of [real, shown].filter(Boolean)) if (pairs(found)[state.sample]) {
    const [x, y] = pairs(found)[state.sample];
    parts.push(`<circle class="watched" cx="${x}" cy="${y}" r="${2.6 * dot}" stroke-width="${e / 150}"/>`);
  }
  const words = [real && `${real.shape[0]} real points`, shown && `${shown.shape[0]} generated points`, map && (best ? "D* as a map" : "D as a map"),
    mesh && "G's warped grid of noise", ends && !moved && "an arrow at each generated point", moved && "lines from where each was before"].filter(Boolean).join(", ");
  box.innerHTML = `<div class="plane"><canvas aria-hidden="true"></canvas><svg viewBox="${-e} ${-e} ${2 * e} ${2 * e}" role="img" aria-label="The plane: ${words || "empty"}">
    <defs><marker id="head" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="4" markerHeight="4" orient="auto"><path d="M0 0L6 3L0 6Z" fill="var(--grad)"/></marker></defs>
    <g transform="scale(1 -1)">${parts.join("")}</g></svg></div>
    <div class="keys">${real ? '<span class="real"><i>●</i> real</span>' : ""}${shown ? '<span class="fake"><i>◆</i> generated</span>' : ""}${
  mesh ? '<span class="fake"><i>#</i> G\'s grid of z</span>' : ""}${
  ends && !moved ? `<span class="grad"><i>→</i> where it is sent, −m ∂L/∂G(z); length 1 is ${number(inIteration(figure.scale))}</span>` : ""}${
  moved ? "<span><i>—</i> from where it was</span>" : ""}${
  map ? `<span class="scale belief">${best ? "D*" : "D"}: 0 <i></i> 1</span>` : ""}${
  figure.best && inIteration(figure.best) ? `<label><input type="checkbox" id="best" ${best ? "checked" : ""}> D*, the best answer</label>` : ""}</div>`;
  if (map) paint(box.querySelector("canvas"), map.values, map.shape[0], map.shape[1], v => diverging(2 * v - 1, 1, "g", "real"), true);
  return box;
}

/* A row of square images, a number under each where there is one. */
function images(figure) {
  const found = inIteration(figure.ref), under = figure.under && inIteration(figure.under);
  if (!found) return null;
  const box = document.createElement("figure"), n = found.shape[0], size = found.values.length / n, side = Math.round(Math.sqrt(size));
  box.innerHTML = `<figcaption>${figure.title}</figcaption><div class="images"></div>`;
  const most = largest(found.values);
  for (let i = 0; i < n; i++) {
    const one = document.createElement("div"), canvas = document.createElement("canvas");
    const values = found.values.subarray(i * size, (i + 1) * size);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${figure.title}, example ${i + 1}`);
    paint(canvas, values, side, side, v => figure.diverging ? diverging(v, most, "below", "above") : between([0, 0, 0], [255, 255, 255], Math.min(Math.max(v, 0), 1)));
    one.append(canvas);
    if (under) one.insertAdjacentHTML("beforeend", `<span>${number(under, i)}</span>`);
    box.querySelector(".images").append(one);
  }
  if (figure.number) box.querySelector("figcaption").append(`, under each ${figure.number}`);
  if (figure.diverging) box.insertAdjacentHTML("beforeend", scale(found, most));
  return box;
}

function matrixFigure(figure) {
  const found = inIteration(figure.ref);
  return found && matrix(figure.title, found);
}

/* Eight codes in the unit cube, and the way they came. */
function cube(figure) {
  const box = document.createElement("figure"), parts = [], at = `${cue().phase}/derived/cube`;
  const trail = run().iterations.slice(0, state.it + 1).map(it => array(`${state.run}/${it}/${at}`));
  const now = trail[trail.length - 1];
  if (!now) return null;
  for (let i = 0; i < now.shape[0]; i++) {
    const [x, y] = now.values.slice(2 * i, 2 * i + 2);
    parts.push(`<path class="trail" d="M${trail.map(t => t.values.slice(2 * i, 2 * i + 2).join(" ")).join("L")}"/>`,
      `<circle cx="${x}" cy="${y}" r=".025" fill="var(--g)"/>`, `<text transform="translate(${x} ${y}) scale(1 -1)" x=".03" y="-.02">${i + 1}</text>`);
  }
  box.className = "cube";
  box.innerHTML = `<figcaption>${figure.title}, and the way they came</figcaption><svg viewBox="-.08 -1.5 1.6 1.6" role="img"
    aria-label="The codes of ${now.shape[0]} patterns in the unit cube"><g transform="scale(1 -1)"><path d="${data.cube}"/>${parts.join("")}</g></svg>`;
  return box;
}

/* ----------------------------------------------------------------------------------- matrices */

const scale = (found, most, plain) => `<div class="scale ${plain ? "plain" : ""}">${digits(-most)} <i></i> ${digits(most)}</div>`;

/* A heat map of one array; the arrow keys and the pointer go from number to number. */
function matrix(title, found, marks = []) {
  const rows = found.shape.length > 1 ? found.shape[0] : 1, columns = found.values.length / rows;
  const box = document.createElement("figure"), canvas = document.createElement("canvas"), most = largest(found.values);
  const cell = Math.max(4, Math.min(18, Math.floor(208 / Math.max(columns, rows / 1.4))));
  let at = [Math.min(state.entry[0], rows - 1), Math.min(state.entry[1], columns - 1)];
  box.className = "matrix";
  box.innerHTML = `<figcaption>${title} <span class="size">${rows} × ${columns}</span></figcaption>`;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  const draw = () => {
    paint(canvas, found.values, rows, columns, v => diverging(v, most, "below", "above"));
    const copy = document.createElement("canvas");
    copy.width = columns; copy.height = rows;
    copy.getContext("2d").drawImage(canvas, 0, 0);
    canvas.width = columns * cell; canvas.height = rows * cell;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(copy, 0, 0, canvas.width, canvas.height);
    context.strokeStyle = `rgb(${colours.ink})`;
    for (const [r, c] of marks) if (r >= 0 && c >= 0 && r < rows && c < columns) context.strokeRect(c * cell + 1.5, r * cell + 1.5, cell - 3, cell - 3);
    context.lineWidth = 2;
    context.strokeRect(at[1] * cell + 1, at[0] * cell + 1, cell - 2, cell - 2);
    const text = `row ${at[0] + 1 + (marks.row || 0)}, column ${at[1] + 1 + (marks.column || 0)}: `;
    box.querySelector(".read").innerHTML = text + number(found, at[0] * columns + at[1]);
    canvas.setAttribute("aria-label", `${title}, ${rows} by ${columns}, ${text}${digits(found.values[at[0] * columns + at[1]])}`);
  };
  const go = (r, c, keep) => {
    at = [Math.min(Math.max(r, 0), rows - 1), Math.min(Math.max(c, 0), columns - 1)];
    draw();
    if (keep && marks.own) { state.entry = at; showEntry(); address(); }
  };
  canvas.addEventListener("keydown", event => {
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (step) { event.preventDefault(); event.stopPropagation(); go(at[0] + step[0], at[1] + step[1], true); }
  });
  const under = event => [Math.floor(event.offsetY / canvas.clientHeight * rows), Math.floor(event.offsetX / canvas.clientWidth * columns)];
  canvas.addEventListener("pointermove", event => go(...under(event)));
  canvas.addEventListener("click", event => go(...under(event), true));
  canvas.addEventListener("pointerleave", () => go(...state.entry));
  box.append(canvas);
  box.insertAdjacentHTML("beforeend", `<div class="read quiet"></div>${scale(found, most)}`);
  draw();
  return box;
}

/* ---------------------------------------------------------------------------- a layer, opened */

function showLayer() {
  const [name, path] = state.layer, [, call, rule, parameters] = run().networks[name].find(l => l[0] === path);
  $("inspector-title").innerHTML = `${TITLES[name]}, layer ${path}: ${call} <small>every number of it</small>`;
  const box = $("layer");
  box.innerHTML = `<div class="rules">${rule}</div>`;
  for (const parameter of parameters) {
    const key = `parameters/${name}/${parameter}`, [rows, columns, row, column] = here(`${key}/place`).values;
    const grid = document.createElement("div"), checks = here(`${key}/checks`), marks = [], shown = here(`${key}/before`).shape;
    if (checks && cue().gradients) for (let i = 0; i < checks.shape[0]; i++) marks.push([checks.values[5 * i] - row, checks.values[5 * i + 1] - column]);
    const part = shown[0] < rows || shown[1] < columns;
    box.insertAdjacentHTML("beforeend", `<h3>${parameter}${part ? `, its middle ${shown.join(" × ")} of ${rows} × ${columns}` : ""}</h3>`);
    grid.className = "matrices";
    const own = Object.assign(marks, {own: true, row, column});
    grid.append(matrix(cue().moved ? "weight after" : "weight", here(`${key}/${cue().moved ? "after" : "before"}`), own));
    const gradient = cue().gradients && here(`${key}/gradient`);
    if (gradient) grid.append(matrix("gradient", gradient, own));
    else grid.insertAdjacentHTML("beforeend", `<p class="quiet">gradient: ${phase().frozen[name] ? "absent, not zero: this network is frozen" : cue().gradients ? "absent" : "not yet"}</p>`);
    const states = (phase().states[name] || []).filter(s => here(`${key}/${s}_after`));
    for (const s of states) grid.append(matrix(`${s} ${cue().moved ? "after" : "before"}`, here(`${key}/${s}_${cue().moved ? "after" : "before"}`), own));
    if (cue().moved) grid.append(matrix("update", here(`${key}/update`), own));
    box.append(grid);
    box.insertAdjacentHTML("beforeend", `<div class="entry" data-entry="${key}"></div>`);
    if (gradient && checks) box.insertAdjacentHTML("beforeend", checkTable(parameter, checks, row, column));
  }
  for (const pass of phase().passes) {
    const output = here(`layers/${pass.network} ${pass.input}/${path}/output`), i = phase().passes.indexOf(pass);
    if (pass.network !== name || !output || !cue().passes[i]) continue;
    const grid = document.createElement("div"), gradient = here(`layers/${pass.network} ${pass.input}/${path}/gradient`);
    box.insertAdjacentHTML("beforeend", `<h3>activations on ${pass.input === "fake" ? "G(z)" : pass.input}: a row for each of the first ${output.shape[0]} examples</h3>`);
    grid.className = "matrices";
    grid.append(matrix("output", output));
    if (gradient && cue().gradients) grid.append(matrix("gradient of the value by it", gradient));
    box.append(grid);
  }
  showEntry();
}

/* One entry of each parameter of the layer: every number the recording has of it. */
function showEntry() {
  for (const line of document.querySelectorAll("[data-entry]")) {
    const key = line.dataset.entry, before = here(`${key}/before`), columns = before.shape[1];
    const [r, c] = [Math.min(state.entry[0], before.shape[0] - 1), Math.min(state.entry[1], columns - 1)], at = r * columns + c;
    const items = [["before", "before"], ...(cue().gradients ? [["gradient", "gradient"]] : [])];
    const name = key.split("/")[1], [, , row, column] = here(`${key}/place`).values;
    for (const s of phase().states[name] || []) if (here(`${key}/${s}_after`)) {
      items.push([`${s} before`, `${s}_before`]);
      if (cue().moved) items.push([`${s} after`, `${s}_after`]);
    }
    if (cue().moved) items.push(["update", "update"], ["after", "after"]);
    line.innerHTML = `<span>entry (${r + 1 + row}, ${c + 1 + column})</span>` + items.map(([text, what]) => `<span>${text} ${number(here(`${key}/${what}`), at)}</span>`).join("");
  }
}

function checkTable(parameter, checks, row, column) {
  let rows = "";
  for (let i = 0; i < checks.shape[0]; i++) {
    const [r, c] = checks.values.slice(5 * i, 5 * i + 2);
    rows += `<tr><th scope="row"><button type="button" data-entry-at="${Math.max(r - row, 0)} ${Math.max(c - column, 0)}">(${r + 1}, ${c + 1})</button></th>
      <td>${number(checks, 5 * i + 2)}</td><td>${number(checks, 5 * i + 3)}</td><td>${number(checks, 5 * i + 4)}</td></tr>`;
  }
  return `<table><caption>${parameter}: the gradient beside (value(w + ε) − value(w − ε)) / 2ε, computed while recording</caption>
    <thead><tr><th scope="col">entry</th><th scope="col">gradient</th><th scope="col">central difference</th><th scope="col">apart</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/* ------------------------------------------------------------------------------ over time, runs */

function showTime() {
  if ($("charts").dataset.run !== String(state.run)) {
    $("charts").innerHTML = run().charts;
    $("comparison").innerHTML = run().comparison || "";
    $("charts").dataset.run = state.run;
    $("beside").hidden = !run().comparison;
    $("sentence").textContent = run().sentence;
    $("settings").textContent = `This run: ${run().settings}.`;
  }
  for (const line of document.querySelectorAll("[data-cursor]")) line.setAttribute("transform", `translate(${run().cursor[state.it]} 0)`);
  const names = Object.keys(run().networks), phases = run().phases;
  const rows = names.flatMap(name => run().networks[name].filter(l => l[3].length).flatMap(([path, call, , parameters]) => parameters.map(parameter => {
    const cells = phases.map((p, i) => {
      const found = array(`${place(i)}/parameters/${name}/${parameter}/gradient_norm`);
      return `<td>${found ? number(found) : `<span class="none">${p.frozen[name] ? "absent: frozen" : "absent"}</span>`}</td>`;
    });
    return `<tr><th scope="row">${TITLES[name]} ${parameter}</th>${cells.join("")}</tr>`;
  })));
  $("absent").innerHTML = `<h3>This iteration, phase by phase: the norm of each parameter's gradient</h3><div class="scroll" tabindex="0" role="region" aria-label="Gradient norms by phase">
    <table><thead><tr><th scope="col">parameter</th>${phases.map((p, i) => `<th scope="col">${p.name}${phases.length > 2 && p.name === "phase 1" ? `, ${i + 1}` : ""}</th>`).join("")}</tr></thead>
    <tbody>${rows.join("")}</tbody></table></div>${tape()}`;
}

/* What the tape of the current phase kept. */
function tape() {
  const kept = run().tapes[iteration()][cue().phase];
  const rows = kept.rows.map(([name, shape, bytes]) => `<tr><th scope="row">${name}</th><td>${shape.join(" × ") || "a number"}</td><td>${bytes.toLocaleString("en")}</td></tr>`);
  return `<details><summary>What the tape kept in this phase: ${kept.rows.length} operations, ${kept.bytes.toLocaleString("en")} bytes</summary>
    <table><thead><tr><th scope="col">operation</th><th scope="col">result</th><th scope="col">bytes kept</th></tr></thead><tbody>${rows.join("")}</tbody></table></details>`;
}

function showTimeline() {
  const {cues, iterations} = run(), now = cue();
  $("iteration").max = iterations.length - 1; $("iteration").value = state.it;
  $("cue").max = cues.length - 1; $("cue").value = state.cue;
  $("iteration-shown").textContent = iteration();
  $("cue-shown").textContent = `${now.id}: ${now.title}`;
  $("iteration").setAttribute("aria-valuetext", `iteration ${iteration()}`);
  $("cue").setAttribute("aria-valuetext", `line ${now.id}: ${now.title}`);
  $("now").innerHTML = `<b>${phase().name}, ${now.title}.</b> ${now.words}`;
  let before = -1;
  $("cues").innerHTML = cues.map((c, i) => {
    const label = c.phase !== before ? `<li class="phase">${run().phases[c.phase].name}</li>` : "";
    before = c.phase;
    return `${label}<li><button type="button" data-cue="${i}" ${i === state.cue ? 'aria-current="step"' : ""} title="${c.title}">${c.title}</button></li>`;
  }).join("");
  const chosen = $("cues").querySelector("[aria-current]");
  if ($("cues").scrollWidth > $("cues").clientWidth) $("cues").scrollLeft = chosen.offsetLeft - $("cues").offsetLeft - 60;
  $("runs").innerHTML = data.runs.length > 1 ? data.runs.map((r, i) => `<button type="button" data-run="${i}" ${i === state.run ? 'aria-current="page"' : ""}>${r.name}</button>`).join("") : "";
}

/* ----------------------------------------------------------------------------------- the tour */

function showTour() {
  const stop = state.tour === null ? null : data.tour[state.tour];
  $("tour").hidden = !stop;
  $("tour-start").hidden = Boolean(stop) || !data.tour.length;
  if (!stop) return;
  $("tour-place").textContent = `${state.tour + 1} of ${data.tour.length}.`;
  $("tour-words").textContent = stop.words;
  $("tour-back").disabled = state.tour === 0;
  $("tour-next").textContent = state.tour === data.tour.length - 1 ? "End" : "Next stop";
}

function goToStop(i) {
  if (i >= data.tour.length) { state.tour = null; render(); return; }
  const stop = data.tour[i];
  Object.assign(state, {tour: i, run: stop.run, it: run0(stop.run).iterations.indexOf(stop.it), cue: run0(stop.run).cues.findIndex(c => c.id === stop.cue)});
  if (stop.layer) state.layer = stop.layer;
  render();
}
const run0 = i => data.runs[i];

/* ------------------------------------------------------------------- the address, and all of it */

function address() {
  const parts = new URLSearchParams({run: state.run, it: iteration(), cue: cue().id, layer: state.layer.join("."), at: state.entry.join("."), sample: state.sample});
  if (state.tour !== null) parts.set("tour", state.tour + 1);
  history.replaceState(null, "", `#${parts}`);
}

function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const number = (name, most) => Math.min(Math.max(parseInt(parts.get(name), 10) || 0, 0), most);
  state.run = number("run", data.runs.length - 1);
  state.it = Math.max(run().iterations.indexOf(Number(parts.get("it"))), 0);
  state.cue = Math.max(run().cues.findIndex(c => c.id === parts.get("cue")), 0);
  const [name, ...path] = (parts.get("layer") || "").split(".");
  state.layer = hasLayer(name, path.join(".")) ? [name, path.join(".")] : null;
  const [r, c] = (parts.get("at") || "0.0").split(".").map(x => parseInt(x, 10) || 0);
  state.entry = [r, c];
  state.sample = number("sample", data.watched - 1);
  state.tour = parts.has("tour") && data.tour.length ? number("tour", data.tour.length) - 1 : location.hash.length > 1 || !data.tour.length ? null : 0;
  if (state.tour !== null && !parts.has("it")) return goToStop(Math.max(state.tour, 0));
  render();
}
const hasLayer = (name, path) => (run().networks[name] || []).some(l => l[0] === path);

function render() {
  if (!state.layer || !hasLayer(...state.layer)) {
    const name = phase().updates[0], layer = run().networks[name].find(l => l[3].length);
    state.layer = [name, layer[0]];
  }
  showTimeline(); showTour(); showAlgorithm(); showNetworks(); showFigures(); showNumbers(); showLayer(); showTime();
  address();
}

function move(cues, iterations = 0) {
  const last = run().cues.length - 1;
  let next = state.cue + cues, it = state.it + iterations;
  if (next > last && it < run().iterations.length - 1) { next = 0; it += 1; }
  if (next < 0 && it > 0) { next = last; it -= 1; }
  state.cue = Math.min(Math.max(next, 0), last);
  state.it = Math.min(Math.max(it, 0), run().iterations.length - 1);
  render();
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!step) return;
  event.preventDefault();
  if (event.shiftKey) move(0, step); else move(step);
});

document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  const {cue: c, run: r, layer, network, sample, entryAt} = button.dataset;
  if (c !== undefined) state.cue = Number(c);
  else if (r !== undefined) chooseRun(Number(r));
  else if (layer !== undefined) state.layer = [network, layer];
  else if (sample !== undefined) state.sample = Number(sample);
  else if (entryAt !== undefined) state.entry = entryAt.split(" ").map(Number);
  else return;
  render();
  const again = c !== undefined ? `[data-cue="${c}"]` : r !== undefined ? `[data-run="${r}"]` : layer !== undefined ? `[data-network="${network}"][data-layer="${layer}"]`
    : sample !== undefined ? `[data-sample="${sample}"]` : `[data-entry-at="${entryAt}"]`;
  const focus = document.querySelector(again);
  if (focus) focus.focus();
});

/* Another run, at the same line and the nearest iteration that it recorded. */
function chooseRun(r) {
  const id = cue().id, it = iteration();
  state.run = r;
  state.cue = Math.max(run().cues.findIndex(c => c.id === id), 0);
  state.it = Math.max(run().iterations.findLastIndex(i => i <= it), 0);
}

$("back").addEventListener("click", () => move(-1));
$("next").addEventListener("click", () => move(1));
$("iteration").addEventListener("input", event => { state.it = Number(event.target.value); render(); });
$("cue").addEventListener("input", event => { state.cue = Number(event.target.value); render(); });
$("figures").addEventListener("change", event => { if (event.target.id === "best") { showFigures(); $("best").focus(); } });
$("tour-start").addEventListener("click", () => goToStop(0));
$("tour-back").addEventListener("click", () => goToStop(state.tour - 1));
$("tour-next").addEventListener("click", () => goToStop(state.tour + 1));
$("tour-end").addEventListener("click", () => { state.tour = null; render(); });
window.addEventListener("hashchange", readAddress);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); render(); });
readColours();
readAddress();
