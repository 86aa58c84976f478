"use strict";
/* The theatre shows what a recording holds. It works nothing out: every number, position and width
   was made in Python; here they are looked up by name, put into words and drawn. */

const data = JSON.parse(document.getElementById("data").textContent);
const text = atob(data.blob), bytes = new Uint8Array(text.length), buffer = bytes.buffer;
for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
const TYPES = {float32: Float32Array, float64: Float64Array};
const $ = id => document.getElementById(id);
const state = {run: 0, it: 0, cue: 0, layer: null, entry: [0, 0], sample: 0, tour: null, best: false};

/* ------------------------------------------------------------------------------- looking up */

/* The array of a name, "run/iteration/phase/name", with its shape; null where there is none. */
function array(name) {
  const [frame, rest] = name.match(/^([^/]+\/[^/]+\/[^/]+)\/(.*)$/).slice(1);
  const [layout, start] = data.frames[frame] || [];
  const found = layout !== undefined && data.layouts[layout][rest];
  if (!found) return null;
  const [type, offset, shape] = found;
  return {name, shape, values: new TYPES[type](buffer, start + offset, shape.reduce((a, b) => a * b, 1))};
}

const run = () => data.runs[state.run];
const iteration = () => run().iterations[state.it];
const cue = () => run().cues[state.cue];
const phase = () => run().phases[cue().phase];
const place = (i = cue().phase) => `${state.run}/${iteration()}/${i}`;
const here = name => array(`${place()}/${name}`);

/* "phase 1", or, where k > 1, "phase 1, 3 of 5". */
function phaseName(i) {
  const {name} = run().phases[i], k = run().phases.filter(p => p.name === name).length;
  return k > 1 ? `${name}, ${i + 1} of ${k}` : name;
}

/* ------------------------------------------------------------------------- numbers as words */

function digits(x, n = 4) {
  const text = x === 0 ? "0" : x.toPrecision(n);
  return (text.includes("e+") ? String(Number(text)) : text).replaceAll("-", "−");
}

/* A printed number: its name, its place in the array, four digits, and nine on the pointer. */
function number(found, i = 0, n = 4) {
  if (!found || i >= found.values.length) return '<span class="none">absent</span>';
  const x = found.values[i];
  return `<data data-name="${found.name}" data-at="${i}" data-digits="${n}" value="${x}"
    title="${x.toPrecision(9)}">${digits(x, n)}</data>`;
}

/* Fill in the numbers of formulas, <mn data-ref="derived/mean_d_real:0">. */
function fill(element) {
  for (const mn of element.querySelectorAll("[data-ref]")) {
    const [name, at] = mn.dataset.ref.split(":");
    const found = here(name), i = Number(at || 0);
    mn.textContent = found ? digits(found.values[i]) : "absent";
    if (found) Object.assign(mn.dataset, {name: found.name, at: i});
  }
}

const escape = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const NAMES = {fake: "G(z)", both: "x and G(z)", generator: "G", discriminator: "D"};
const named = name => NAMES[name] || name;

/* ---------------------------------------------------------------------------------- colours */

const colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "below", "middle", "above", "g", "real"]) {
    const hex = style.getPropertyValue(`--${name}`).trim();
    colours[name] = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
  }
}
const between = (a, b, t) => a.map((x, i) => Math.round(x + (b[i] - x) * Math.min(t, 1)));
const diverging = (v, most, low = "below", high = "above") =>
  between(colours.middle, colours[v < 0 ? low : high], Math.abs(v) / most);
const grey = (v, black) => between([0, 0, 0], [255, 255, 255], Math.max((v - black) / (1 - black), 0));
const largest = values => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;

/* Paint rows × columns numbers, one pixel each; the browser scales the canvas. */
function paint(canvas, values, rows, columns, colour, flip = false) {
  Object.assign(canvas, {width: columns, height: rows});
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const at = 4 * ((flip ? rows - 1 - r : r) * columns + c);
    image.data.set([...colour(values[r * columns + c]), 255], at);
  }
  context.putImageData(image, 0, 0);
}

const scale = most => `<div class="scale">${digits(-most)} <i></i> ${digits(most)}</div>`;

/* --------------------------------------------------------------------- algorithm and source */

function showAlgorithm() {
  const [name, first, last] = cue().line, source = run().source[name];
  renew($("paper"), state.run, () => run().paper);
  for (const part of $("paper").querySelectorAll("[data-lit]"))
    part.classList.toggle("lit", part.dataset.lit.split(" ").includes(cue().key));
  $("file").textContent = `${source.file}, ${name}, ` + (first === last ? `line ${first}` : `lines ${first} to ${last}`);
  renew($("source"), `${state.run} ${name}`, () => source.lines.map(([n, text]) =>
    `<div data-line="${n}"><span>${n}</span><code>${escape(text)}</code></div>`).join(""));
  const marked = [...$("source").children].filter(row => row.dataset.line >= first && row.dataset.line <= last);
  for (const row of $("source").children) {
    row.classList.toggle("now", marked.includes(row));
    if (marked.includes(row)) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
  $("source").scrollTop = marked[0].offsetTop - $("source").offsetTop - 70;
}

/* Replace what an element holds where it shows something else. */
function renew(element, what, make) {
  if (element.dataset.shown === String(what)) return;
  element.innerHTML = make();
  element.dataset.shown = what;
}

/* The formulas with this batch's numbers, and a table of single examples. */
function showNumbers() {
  $("formulas").innerHTML = cue().formulas.map(text => `<div>${text}</div>`).join("");
  fill($("formulas"));
  const columns = cue().columns.map(([head, ref]) => [head, ...ref.split(":")]);
  const total = columns.length ? here(columns[0][1]).shape[0] : 0, rows = [];
  for (let r = 0; r < Math.min(total, data.watched); r++) {
    const cells = columns.map(([, ref, c]) => {
      const found = here(ref);
      return `<td>${number(found, found ? r * (found.shape[1] || 1) + Number(c || 0) : 0)}</td>`;
    });
    const chosen = r === state.sample;
    rows.push(`<tr class="${chosen ? "chosen" : ""}"><th scope="row"><button type="button" data-sample="${r}"
      aria-pressed="${chosen}" aria-label="Example ${r + 1}">${r + 1}</button></th>${cells.join("")}</tr>`);
  }
  $("numbers").hidden = !total && !cue().formulas.length;
  $("examples").innerHTML = total ? `<caption>The first ${rows.length} of the batch's ${total} examples</caption>
    <thead><tr><th scope="col">example</th>${columns.map(([head]) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
    <tbody>${rows.join("")}</tbody>` : "";
}

/* --------------------------------------------------------------------------------- networks */

const LOCK = `<svg viewBox="0 0 12 14" width="12" height="14" aria-hidden="true"><path d="M3 6V4a3 3 0 0 1 6 0v2"
  fill="none" stroke="currentColor" stroke-width="1.6"/><rect x="1.5" y="6" width="9" height="7" rx="1.5" fill="currentColor"/></svg>`;

/* The networks that the phase called, in order; each with its passes side by side. */
function showNetworks() {
  const blocks = [];
  phase().passes.forEach((pass, i) => {
    const one = {...pass, shown: cue().passes[i], key: `${pass.network} ${pass.input}`};
    const last = blocks[blocks.length - 1];
    if (last && last.network === pass.network) last.passes.push(one);
    else blocks.push({network: pass.network, passes: [one]});
  });
  $("network").innerHTML = blocks.map((block, i) => (i ? joint(blocks[i - 1], block) : "") + network(block)).join("");
}

/* What lies between two networks: a line that gradients pass, or a cut. */
function joint(above, below) {
  const name = named(below.passes[below.passes.length - 1].input);
  return above.passes[0].remembered
    ? `<div class="joined">↓ ${name} goes on; its gradient comes back ↑</div>`
    : `<div class="cut">✂ cut: ${name} is data here, no tape leads back</div>`;
}

function network({network: name, passes}) {
  const frozen = phase().frozen[name];
  const why = !frozen ? "its weights get a gradient" : passes.some(p => p.remembered)
    ? "frozen: weights constant, gradient passes" : "frozen: weights constant, no gradient";
  const rows = run().networks[name].map(([path, call]) => {
    const chosen = state.layer[0] === name && state.layer[1] === path;
    return `<button type="button" class="layer ${frozen ? "frozen" : ""}" data-network="${name}" data-layer="${path}"
      aria-pressed="${chosen}" title="${call}">${path} ${call}</button>
      ${passes.map(pass => edge(pass, pass.layers.indexOf(path))).join("")}`;
  });
  return `<div class="net" style="--passes: ${passes.length}" data-network="${name}" data-frozen="${frozen}">
    <div class="name"><b class="${name}">${named(name)}</b> <span class="state">${frozen ? LOCK : ""} ${why}</span></div>
    <span class="end">layer</span>${passes.map(p => `<span class="head">on ${named(p.input)}</span>`).join("")}
    ${rows.join("")}</div>`;
}

/* Beside a layer: the norm of what leaves it, and of the gradient that comes back to it. */
function edge(pass, l) {
  const line = (kind, width, path) => `<path class="${kind}" stroke-width="${width}" d="${path}"/>`;
  const drawn = paths => `<svg viewBox="0 0 26 34" preserveAspectRatio="none" aria-hidden="true">${paths}</svg>`;
  if (l < 0) return '<span class="edge"></span>';
  if (!pass.shown) return `<span class="edge later"><span></span>${drawn(line("value", 1, "M13 0V34"))}</span>`;
  const norms = here(`derived/norms/${pass.key}`), widths = here(`derived/widths/${pass.key}`).values;
  const back = cue().gradients ? widths[2 * l + 1] : 0;
  return `<span class="edge"><span class="value">${number(norms, 2 * l, 3)}</span>
    ${drawn(line("value", widths[2 * l], "M7 0V34") + (back ? line("gradient", back, "M19 34V0") : ""))}
    <span class="gradient">${back ? number(norms, 2 * l + 1, 3) : cue().gradients ? '<i class="none">none</i>' : ""}</span></span>`;
}

/* --------------------------------------------------------------------------------- the data */

function showFigures() {
  const draw = {plane, images, matrix: matrixFigure, cube}, at = `${state.run}/${iteration()}`;
  const shown = cue().figures.map(figure => [figure, draw[figure.kind](figure, at)]).filter(([, box]) => box);
  for (const [figure, box] of shown) box.classList.toggle("wide", figure.kind !== "matrix");
  $("figures").replaceChildren(...shown.map(([, box]) => box));
}

/* Points, arrows and the grid in the plane, in the data's own coordinates. at: "run/iteration". */
function plane(figure, at) {
  const get = key => figure[key] ? array(`${at}/${figure[key]}`) : null;
  const [real, fake, ends, moved, mesh, optimum] = ["real", "fake", "arrows", "moved", "mesh", "best"].map(get);
  const e = run().edge, map = state.best && optimum ? optimum : get("map"), shown = moved || fake, parts = [];
  const points = found => Array.from({length: found.values.length / 2}, (_, i) => found.values.subarray(2 * i, 2 * i + 2));
  const line = (kind, path, width) => parts.push(`<path class="${kind}" stroke-width="${e * width}" d="M${path}"/>`);
  if (mesh) for (let l = 0, all = points(mesh), n = mesh.shape[1]; l < mesh.shape[0]; l++)
    line("mesh", all.slice(l * n, l * n + n).map(p => p.join(" ")).join("L"), .004);
  for (const [x, y] of real ? points(real) : []) parts.push(`<circle class="real" cx="${x}" cy="${y}" r="${e * .017}"/>`);
  const target = moved || ends;
  if (fake && target) points(fake).forEach((p, i) =>
    line(moved ? "moved" : "arrow", `${p.join(" ")}L${points(target)[i].join(" ")}`, moved ? .005 : .006));
  for (const [x, y] of shown ? points(shown) : [])
    parts.push(`<path class="fake" transform="translate(${x} ${y}) scale(${e * .023})" d="M0 -1L1 0L0 1L-1 0Z"/>`);
  for (const found of [real, shown]) if (found && found.shape[0] > state.sample) {
    const [x, y] = points(found)[state.sample];
    parts.push(`<circle class="watched" cx="${x}" cy="${y}" r="${e * .045}" stroke-width="${e * .008}"/>`);
  }
  const box = document.createElement("figure"), arrows = ends && !moved, what = state.best && optimum ? "D*" : "D";
  const words = [real && `${real.shape[0]} real points`, shown && `${shown.shape[0]} generated points`, map && `${what} as a map`,
    mesh && "G's grid of noise", arrows && "an arrow at each generated point", moved && "a line from where each was"];
  const keys = [real && '<span class="real"><i>●</i> real</span>', shown && '<span class="fake"><i>◆</i> generated</span>',
    mesh && '<span class="fake"><i>#</i> a square grid of z through G</span>', moved && "<span><i>—</i> from where it was</span>",
    arrows && `<span class="grad"><i>→</i> −m ∂L/∂G(z), where each is sent; length 1 is ${number(get("scale"))}</span>`,
    map && `<span class="scale belief">${what}: 0 <i></i> 1</span>`,
    get("jsd") && `<span>JSD(p ‖ q) ${number(get("jsd"))}, of at most log 2</span>`,
    `<span class="quiet">both axes from −${e.toPrecision(2)} to ${e.toPrecision(2)}</span>`,
    optimum && `<label><input type="checkbox" data-best ${state.best ? "checked" : ""}> D*, the best answer to this G</label>`];
  box.innerHTML = `<div class="plane"><canvas aria-hidden="true"></canvas><svg viewBox="${-e} ${-e} ${2 * e} ${2 * e}" role="img"
    aria-label="The plane: ${words.filter(Boolean).join(", ")}"><defs><marker id="head" viewBox="0 0 6 6" refX="5" refY="3"
    markerWidth="4" markerHeight="4" orient="auto"><path d="M0 0L6 3L0 6Z" fill="var(--grad)"/></marker></defs>
    <g transform="scale(1 -1)">${parts.join("")}</g></svg></div><div class="keys">${keys.filter(Boolean).join("")}</div>`;
  if (map) paint(box.querySelector("canvas"), map.values, ...map.shape, v => diverging(2 * v - 1, 1, "g", "real"), true);
  return box;
}

/* Images, a number under each where there is one. */
function images(figure, at) {
  const found = array(`${at}/${figure.ref}`), under = figure.under && array(`${at}/${figure.under}`);
  if (!found) return null;
  const box = document.createElement("figure"), row = document.createElement("div"), most = largest(found.values);
  const n = found.shape[0], size = found.values.length / n;
  box.innerHTML = `<figcaption>${figure.title}${under ? `, under each ${figure.number}` : ""}</figcaption>`;
  row.className = "images";
  for (let i = 0; i < n; i++) {
    const one = document.createElement("div"), canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${figure.title}, example ${i + 1}`);
    paint(canvas, found.values.subarray(i * size, (i + 1) * size), ...figure.sides,
      v => figure.diverging ? diverging(v, most) : grey(v, figure.black));
    one.append(canvas);
    if (under) one.insertAdjacentHTML("beforeend", `<span>${number(under, i)}</span>`);
    row.append(one);
  }
  box.append(row);
  if (figure.diverging) box.insertAdjacentHTML("beforeend", scale(most));
  return box;
}

function matrixFigure(figure, at) {
  const found = array(`${at}/${figure.ref}`);
  return found && matrix(figure.title, found);
}

/* Codes in the unit cube, and the way they came. */
function cube(figure) {
  const box = document.createElement("figure"), parts = [];
  const trail = run().iterations.slice(0, state.it + 1).map(it => array(`${state.run}/${it}/${figure.ref}`));
  const now = trail[trail.length - 1];
  for (let i = 0; i < now.shape[0]; i++) {
    const [x, y] = now.values.subarray(2 * i, 2 * i + 2);
    parts.push(`<path class="trail" d="M${trail.map(t => t.values.subarray(2 * i, 2 * i + 2).join(" ")).join("L")}"/>
      <circle cx="${x}" cy="${y}" r=".022"/><text transform="translate(${x} ${y}) scale(1 -1)" x=".03" y="-.02">${i + 1}</text>`);
  }
  box.innerHTML = `<figcaption>${figure.title}, and the way they came</figcaption><svg class="cube" viewBox="-.06 -1.46 1.56 1.54"
    role="img" aria-label="The codes of ${now.shape[0]} patterns in the unit cube"><g transform="scale(1 -1)">
    <path d="${data.cube}"/>${parts.join("")}</g></svg>`;
  return box;
}

/* --------------------------------------------------------------------------------- matrices */

/* A heat map of one array; the arrow keys and the pointer go from number to number. own: of a matrix
   of parameters, where its corner is, and the entries whose gradient was checked. */
function matrix(title, found, own = null) {
  const rows = found.shape.length > 1 ? found.shape[0] : 1, columns = found.values.length / rows;
  const cell = Math.max(4, Math.min(18, Math.floor(208 / Math.max(columns, rows / 1.4))));
  const box = document.createElement("figure"), canvas = document.createElement("canvas"), most = largest(found.values);
  const painted = document.createElement("canvas"), context = canvas.getContext("2d");
  const inside = ([r, c]) => [Math.min(Math.max(r, 0), rows - 1), Math.min(Math.max(c, 0), columns - 1)];
  const {row, column, marks} = own || {row: 0, column: 0, marks: []};
  let at = inside(own ? state.entry : [0, 0]);
  box.className = "matrix";
  box.innerHTML = `<figcaption>${title}</figcaption>`;
  box.append(canvas);
  box.insertAdjacentHTML("beforeend", `<div class="read"></div>${scale(most)}`);
  Object.assign(canvas, {tabIndex: 0, width: columns * cell, height: rows * cell});
  canvas.setAttribute("role", "img");
  paint(painted, found.values, rows, columns, v => diverging(v, most));
  const frame = ([r, c], inset, width) => {
    context.lineWidth = width;
    context.strokeRect(c * cell + inset, r * cell + inset, cell - 2 * inset, cell - 2 * inset);
  };
  const draw = () => {
    const i = at[0] * columns + at[1], words = `row ${at[0] + 1 + row}, column ${at[1] + 1 + column}`;
    context.imageSmoothingEnabled = false;
    context.drawImage(painted, 0, 0, canvas.width, canvas.height);
    context.strokeStyle = `rgb(${colours.ink})`;
    for (const [r, c] of marks) if (r >= 0 && c >= 0 && r < rows && c < columns) frame([r, c], 1.5, 1);
    frame(at, 1, 2);
    box.querySelector(".read").innerHTML = `${words}: ${number(found, i)}`;
    canvas.setAttribute("aria-label", `${title}, ${rows} by ${columns}; ${words}: ${digits(found.values[i])}`);
  };
  const go = (to, choose) => {
    at = inside(to);
    draw();
    if (own && choose) { state.entry = at; showEntry(); address(); }
  };
  canvas.addEventListener("keydown", event => {
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (!step || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    go([at[0] + step[0], at[1] + step[1]], true);
  });
  const under = event => [Math.floor(event.offsetY / canvas.clientHeight * rows), Math.floor(event.offsetX / canvas.clientWidth * columns)];
  canvas.addEventListener("pointermove", event => go(under(event), false));
  canvas.addEventListener("click", event => go(under(event), true));
  canvas.addEventListener("pointerleave", () => go(own ? state.entry : at, false));
  draw();
  return box;
}

/* -------------------------------------------------------------------------- a layer, opened */

/* What a quantity is at this cue: after the update where there was one, before it otherwise. */
const latest = (key, before, after) => (cue().moved && here(`${key}/${after}`)) || here(`${key}/${before}`);

function showLayer() {
  const [name, path] = state.layer, box = document.createElement("div"), all = run().kind === "codes";
  const layers = all ? Object.keys(run().networks).flatMap(n => run().networks[n].map(l => [n, ...l]))
    : [[name, ...run().networks[name].find(l => l[0] === path)]];
  const title = all ? "Every layer" : `${named(name)}, layer ${path}: ${layers[0][2]}`;
  $("inspector-title").innerHTML = `${title} <small>every number, the rules, and checked entries</small>`;
  for (const [owner, own, call, rule, parameters] of layers) if (parameters.length || !all) {
    box.insertAdjacentHTML("beforeend", `<div class="rules">${all ? `<b class="${owner}">${owner} ${own} ${call}</b>` : ""}${rule}</div>`);
    for (const parameter of parameters) box.append(...parameterViews(owner, parameter));
  }
  if (!all) phase().passes.forEach((pass, i) => {
    if (pass.network === name && cue().passes[i]) box.append(...activations(pass, path));
  });
  $("layer").replaceChildren(box);
  showEntry();
}

function parameterViews(name, parameter) {
  const key = `parameters/${name}/${parameter}`, [rows, columns, row, column] = here(`${key}/place`).values;
  const shown = here(`${key}/before`).shape, checks = cue().gradients && here(`${key}/checks`);
  const gradient = cue().gradients && here(`${key}/gradient`), update = cue().moved && here(`${key}/update`);
  const own = {row, column, marks: []}, grid = document.createElement("div"), head = document.createElement("h3");
  if (checks) for (let i = 0; i < checks.shape[0]; i++) own.marks.push([checks.values[5 * i] - row, checks.values[5 * i + 1] - column]);
  const part = shown[0] < rows || shown[1] < columns;
  head.textContent = `${parameter}, ${part ? `its middle ${shown.join(" × ")} of ` : ""}${rows} × ${columns}`;
  grid.className = "matrices";
  grid.append(matrix(update ? "weight, after" : "weight", latest(key, "before", "after"), own));
  if (gradient) grid.append(matrix("gradient", gradient, own));
  else grid.insertAdjacentHTML("beforeend", `<p class="quiet">gradient: ${phase().frozen[name]
    ? "absent, not zero; this network is frozen" : cue().gradients ? "absent" : "not there yet"}</p>`);
  for (const s of phase().states[name]) {
    const kept = latest(key, `${s}_before`, `${s}_after`);
    if (kept) grid.append(matrix(`${s.replaceAll("_", " ")}, ${update ? "after" : "before"}`, kept, own));
  }
  if (update) grid.append(matrix("update", update, own));
  const line = document.createElement("div");
  line.className = "entry";
  line.dataset.entry = key;
  return [head, grid, line, ...(gradient && checks ? [checkTable(parameter, checks, row, column)] : [])];
}

function activations(pass, path) {
  const key = `layers/${pass.network} ${pass.input}/${path}`, output = here(`${key}/output`);
  if (!output) return [];
  const gradient = cue().gradients && here(`${key}/gradient`), head = document.createElement("h3"), grid = document.createElement("div");
  head.textContent = `On ${named(pass.input)}: a row for each of the first ${output.shape[0]} examples`;
  grid.className = "matrices";
  grid.append(matrix("output", output), ...(gradient ? [matrix("gradient of the value by it", gradient)] : []));
  return [head, grid];
}

/* One entry of each parameter of the layer: every number the recording has of it. */
function showEntry() {
  for (const line of document.querySelectorAll("[data-entry]")) {
    const key = line.dataset.entry, [, , row, column] = here(`${key}/place`).values, shape = here(`${key}/before`).shape;
    const [r, c] = state.entry.map((x, axis) => Math.min(x, shape[axis] - 1)), items = [["before", "before"]];
    if (cue().gradients && here(`${key}/gradient`)) items.push(["gradient", "gradient"]);
    for (const s of phase().states[key.split("/")[1]]) {
      if (here(`${key}/${s}_before`)) items.push([`${s} before`, `${s}_before`]);
      if (cue().moved && here(`${key}/${s}_after`)) items.push([`${s} after`, `${s}_after`]);
    }
    if (cue().moved && here(`${key}/after`)) items.push(["update", "update"], ["after", "after"]);
    line.innerHTML = `<span>entry (${r + 1 + row}, ${c + 1 + column})</span>` + items.map(([text, what]) =>
      `<span>${text.replaceAll("_", " ")} ${number(here(`${key}/${what}`), r * shape[1] + c)}</span>`).join("");
  }
}

function checkTable(parameter, checks, row, column) {
  const box = document.createElement("div"), rows = [];
  for (let i = 0; i < checks.shape[0]; i++) {
    const [r, c] = checks.values.subarray(5 * i, 5 * i + 2);
    rows.push(`<tr><th scope="row"><button type="button" data-check="${Math.max(r - row, 0)} ${Math.max(c - column, 0)}">
      (${r + 1}, ${c + 1})</button></th>${[2, 3, 4].map(k => `<td>${number(checks, 5 * i + k)}</td>`).join("")}</tr>`);
  }
  Object.assign(box, {className: "scroll", tabIndex: 0, role: "region", ariaLabel: `${parameter}: central differences`});
  box.innerHTML = `<table><caption>${parameter}, checked while recording: (value(w + ε) − value(w − ε)) / 2ε</caption><thead><tr>
    ${["entry", "gradient", "central difference", "apart"].map(text => `<th scope="col">${text}</th>`).join("")}</tr></thead>
    <tbody>${rows.join("")}</tbody></table>`;
  return box;
}

/* -------------------------------------------------------------------- over time, other runs */

function showTime() {
  renew($("charts"), state.run, () => run().charts);
  renew($("comparison"), state.run, () => run().comparison || "");
  $("beside").hidden = !run().comparison;
  $("sentence").textContent = run().sentence;
  $("settings").textContent = `This run: ${run().settings}.`;
  for (const line of document.querySelectorAll("[data-cursor]")) line.setAttribute("transform", `translate(${run().cursor[state.it]} 0)`);
  const heads = run().phases.map((_, i) => `<th scope="col">${phaseName(i)}</th>`);
  const cell = (p, i, key, name) => {
    const found = array(`${place(i)}/${key}/gradient_norm`);
    return `<td>${found ? number(found) : `<i class="none">${p.frozen[name] ? "absent: frozen" : "absent"}</i>`}</td>`;
  };
  const rows = Object.entries(run().networks).flatMap(([name, layers]) => layers.flatMap(l => l[3]).map(parameter =>
    `<tr><th scope="row">${named(name)} ${parameter}</th>${run().phases.map((p, i) =>
      cell(p, i, `parameters/${name}/${parameter}`, name)).join("")}</tr>`));
  $("absent").innerHTML = `<div><h3>This iteration, phase by phase: the norm of each gradient</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Gradient norms by phase"><table><thead><tr>
    <th scope="col">parameter</th>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div></div>${tape()}`;
  showBeside();
}

/* What the tape of the current phase kept. */
function tape() {
  const {rows, bytes} = run().tapes[iteration()][cue().phase], size = n => n.toLocaleString("en");
  return `<div><h3>What the tape kept in this phase: ${rows.length} operations, ${size(bytes)} bytes</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="The tape"><table><thead><tr><th scope="col">operation</th>
    <th scope="col">result</th><th scope="col">bytes kept</th></tr></thead><tbody>${rows.map(([name, shape, kept]) =>
      `<tr><th scope="row">${name}</th><td>${shape.join(" × ") || "a number"}</td><td>${size(kept)}</td></tr>`).join("")}
    </tbody></table></div></div>`;
}

/* The plane of this run beside that of the first, at the same line and the nearest iteration before. */
function showBeside() {
  const first = data.runs[0], at = first.iterations.findLastIndex(it => it <= iteration());
  const same = first.cues.find(c => c.id === cue().id), [mine, theirs] = [cue(), same].map(c => c && c.figures[0]);
  $("planes").replaceChildren();
  if (!run().comparison || !mine || !theirs || mine.kind !== "plane") return;
  for (const [r, it, figure] of [[0, first.iterations[at], theirs], [state.run, iteration(), mine]]) {
    const box = plane({...figure, best: undefined}, `${r}/${it}`);
    box.insertAdjacentHTML("afterbegin", `<figcaption>${data.runs[r].name}, iteration ${it}</figcaption>`);
    $("planes").append(box);
  }
}

function showTimeline() {
  const {cues, iterations} = run(), now = cue();
  Object.assign($("iteration"), {max: iterations.length - 1, value: state.it});
  Object.assign($("cue"), {max: cues.length - 1, value: state.cue});
  $("iteration-shown").textContent = iteration();
  $("cue-shown").textContent = `${now.id}: ${now.title}`;
  $("iteration").setAttribute("aria-valuetext", `iteration ${iteration()}`);
  $("cue").setAttribute("aria-valuetext", `line ${now.id}: ${now.title}`);
  $("now").innerHTML = `<b>${phaseName(now.phase)}: ${now.title}.</b> ${now.words}`;
  const begins = (c, i) => i === 0 || c.phase !== cues[i - 1].phase;
  $("cues").innerHTML = cues.map((c, i) => (begins(c, i) ? `<li class="phase">${phaseName(c.phase)}</li>` : "")
    + `<li><button type="button" data-cue="${i}" ${i === state.cue ? 'aria-current="step"' : ""}>${c.title}</button></li>`).join("");
  $("cues").scrollLeft = $("cues").querySelector("[aria-current]").offsetLeft - $("cues").offsetLeft - 60;
  $("runs").innerHTML = data.runs.length < 2 ? "" : data.runs.map((r, i) =>
    `<button type="button" data-run="${i}" ${i === state.run ? 'aria-current="true"' : ""}>${r.name}</button>`).join("");
}

/* --------------------------------------------------------------------------------- the tour */

function showTour() {
  const stop = state.tour === null ? null : data.tour[state.tour], last = state.tour === data.tour.length - 1;
  $("tour").hidden = !stop;
  $("tour-start").hidden = Boolean(stop) || !data.tour.length;
  if (!stop) return;
  $("tour-place").textContent = `${state.tour + 1} of ${data.tour.length}.`;
  $("tour-words").textContent = stop.words;
  $("tour-back").disabled = state.tour === 0;
  $("tour-next").hidden = last;
}

function goToStop(i) {
  const stop = data.tour[i], {iterations, cues} = data.runs[stop.run];
  Object.assign(state, {tour: i, run: stop.run, it: iterations.indexOf(stop.it), cue: cues.findIndex(c => c.id === stop.cue)});
  if (stop.layer) state.layer = stop.layer;
  render();
}

/* ---------------------------------------------------------------- the address, and all of it */

function address() {
  const parts = new URLSearchParams({run: state.run, it: iteration(), cue: cue().id, layer: state.layer.join("."),
    at: state.entry.join("."), sample: state.sample});
  if (state.tour !== null) parts.set("tour", state.tour + 1);
  history.replaceState(null, "", `#${parts}`);
}

/* What the address names is shown; what it does not name, or names wrongly, begins at the start. */
function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const whole = (name, most) => Math.min(Math.max(parseInt(parts.get(name), 10) || 0, 0), most);
  const [name, ...path] = (parts.get("layer") || "").split(".");
  state.run = whole("run", data.runs.length - 1);
  state.it = Math.max(run().iterations.indexOf(Number(parts.get("it"))), 0);
  state.cue = Math.max(run().cues.findIndex(c => c.id === parts.get("cue")), 0);
  state.layer = [name, path.join(".")];
  state.entry = (parts.get("at") || "0.0").split(".").map(x => Math.max(parseInt(x, 10) || 0, 0));
  state.sample = whole("sample", data.watched - 1);
  state.tour = parts.has("tour") && data.tour.length ? Math.max(whole("tour", data.tour.length) - 1, 0) : null;
  if (data.tour.length && (!location.hash || parts.has("tour") && !parts.has("it"))) goToStop(state.tour || 0);
  else render();
}

function render() {
  const [name, path] = state.layer;
  if (!(run().networks[name] || []).some(l => l[0] === path)) {
    const updated = phase().updates[0];
    state.layer = [updated, run().networks[updated].find(l => l[3].length)[0]];
  }
  for (const show of [showTimeline, showTour, showAlgorithm, showNetworks, showFigures, showNumbers, showLayer, showTime, address]) show();
}

/* So many cues on, past the end of an iteration into the next; or so many iterations. */
function move(cues, iterations = 0) {
  const last = run().cues.length - 1, end = run().iterations.length - 1;
  let next = state.cue + cues, it = state.it + iterations;
  if (next > last && it < end) [next, it] = [0, it + 1];
  if (next < 0 && it > 0) [next, it] = [last, it - 1];
  Object.assign(state, {cue: Math.min(Math.max(next, 0), last), it: Math.min(Math.max(it, 0), end)});
  render();
}

/* Another run, at the same line and the nearest iteration before that it recorded. */
function chooseRun(r) {
  const id = cue().id, it = iteration(), {cues, iterations} = data.runs[r];
  const places = {cue: cues.findIndex(c => c.id === id), it: iterations.findLastIndex(i => i <= it)};
  Object.assign(state, {run: r, cue: Math.max(places.cue, 0), it: Math.max(places.it, 0)});
}

/* ------------------------------------------------------------------------- keys and pointers */

document.addEventListener("keydown", event => {
  const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT") return;
  event.preventDefault();
  if (event.shiftKey) move(0, step); else move(step);
});

document.addEventListener("click", event => {
  const button = event.target.closest("button[data-cue], button[data-run], button[data-layer], button[data-sample], button[data-check]");
  if (!button) return;
  const {cue: c, run: r, layer, network: name, sample, check} = button.dataset;
  if (c) state.cue = Number(c);
  if (r) chooseRun(Number(r));
  if (layer) state.layer = [name, layer];
  if (sample) state.sample = Number(sample);
  if (check) state.entry = check.split(" ").map(Number);
  const same = [...button.attributes].filter(a => a.name.startsWith("data-")).map(a => `[${a.name}="${a.value}"]`).join("");
  render();
  const again = document.querySelector(`button${same}`);        // it was drawn anew
  if (again) again.focus();
});

document.addEventListener("change", event => {
  if (!("best" in event.target.dataset)) return;
  state.best = event.target.checked;
  render();
  document.querySelector("[data-best]").focus();
});

$("back").addEventListener("click", () => move(-1));
$("next").addEventListener("click", () => move(1));
$("iteration").addEventListener("input", event => { state.it = Number(event.target.value); render(); });
$("cue").addEventListener("input", event => { state.cue = Number(event.target.value); render(); });
$("tour-start").addEventListener("click", () => { goToStop(0); $("tour-next").focus(); });
$("tour-back").addEventListener("click", () => goToStop(state.tour - 1));
$("tour-next").addEventListener("click", () => { goToStop(state.tour + 1); if ($("tour-next").hidden) $("tour-end").focus(); });
$("tour-end").addEventListener("click", () => { state.tour = null; render(); $("tour-start").focus(); });
window.addEventListener("hashchange", readAddress);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); render(); });
readColours();
readAddress();
