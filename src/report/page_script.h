#pragma once

namespace bart {

/// The script of the report: values under the pointer, a matrix to zoom into, tables to sort. The page shows
/// everything without it, too.
inline constexpr const char* report_script = R"js(
"use strict";
const again = document.querySelector('meta[name="bart-again"]');
if (again) {
  // A training that was killed writes no more pages: then the page says so and stays.
  const {written, epochSeconds} = again.dataset, most = Math.max(900, 5 * epochSeconds);
  if (Date.now() - Date.parse(written) < 1000 * most) setTimeout(() => location.reload(), 1000 * again.content);
  else document.getElementById("unfinished").prepend("This page has not been updated for a long time: the training may have " +
    "been killed. bart train --resume continues it. ");
}
for (const figure of document.querySelectorAll(".chart")) {
  const svg = figure.querySelector("svg"), lines = JSON.parse(svg.dataset.lines);
  const {first, last, left, right} = Object.fromEntries(Object.entries(svg.dataset).map(([k, v]) => [k, +v]));
  if (!lines.length || last <= first) continue;
  const tip = document.createElement("div");
  tip.className = "tip"; tip.hidden = true;
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cross.setAttribute("class", "cross"); cross.setAttribute("y1", 10); cross.setAttribute("y2", 220);
  figure.append(tip);
  const epochs = lines[0][1].map(p => p[0]);
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
    const at = first + ((event.clientX - box.left) / scale - left) / (right - left) * (last - first);
    const epoch = epochs.reduce((a, b) => Math.abs(b - at) < Math.abs(a - at) ? b : a);
    const x = left + (epoch - first) / (last - first) * (right - left);
    cross.setAttribute("x1", x); cross.setAttribute("x2", x); svg.append(cross);
    tip.textContent = ["epoch " + epoch, ...lines.map(([name, points]) => {
      const found = points.find(p => p[0] === epoch);
      return name + " " + (found ? found[1] : "–");
    })].join("\n");
    tip.hidden = false;
    const inside = svg.offsetLeft || box.left - figure.getBoundingClientRect().left;
    tip.style.left = Math.min(inside + x * scale + 10, figure.clientWidth - tip.offsetWidth - 6) + "px";
    tip.style.top = box.top - figure.getBoundingClientRect().top + 12 + "px";
  });
  svg.addEventListener("pointerleave", () => { tip.hidden = true; cross.remove(); });
}

const matrix = document.getElementById("confusion");
if (matrix) {
  const frame = matrix.parentElement, whole = matrix.viewBox.baseVal.width, told = document.createElement("p");
  told.className = "told"; told.setAttribute("aria-live", "polite");
  told.textContent = "Point at a cell to read it; zoom with the buttons, +, - and 0, or a double click, and drag.";
  frame.after(told);
  let view = {x: 0, y: 0, size: whole};
  // At every zoom the names stay at the edges of the visible part, beside their cells, and keep their size.
  const room = matrix.querySelector(".frame").x.baseVal.value, names = [...matrix.querySelectorAll(".row, .col")];
  const size = parseFloat(getComputedStyle(matrix).getPropertyValue("--label"));
  const margins = ["x", "y"].map(() => document.createElementNS("http://www.w3.org/2000/svg", "rect"));
  for (const margin of margins) { margin.setAttribute("class", "margin"); if (names.length) names[0].before(margin); }
  const place_names = () => {
    const scale = view.size / whole, edge = axis => Math.max(room - 5, view[axis] + (room - 5) * scale);
    const [across, down] = [edge("x"), edge("y")];
    for (const [margin, width, height] of [[margins[0], across - view.x, view.size], [margins[1], view.size, down - view.y]])
      for (const [name, value] of Object.entries({x: view.x, y: view.y, width, height})) margin.setAttribute(name, value);
    for (const name of names) {
      const row = name.classList.contains("row"), moved = row ? null : name.transform.baseVal.getItem(0);
      if (row) name.setAttribute("x", across); else moved.setTranslate(moved.matrix.e, down);
      name.style.fontSize = size * scale + "px";
      name.style.display = (row ? name.y.baseVal.getItem(0).value < down : moved.matrix.e < across) ? "none" : "";
    }
  };
  const show = () => {
    view.size = Math.min(whole, Math.max(whole / 16, view.size));
    for (const axis of ["x", "y"]) view[axis] = Math.min(whole - view.size, Math.max(0, view[axis]));
    matrix.setAttribute("viewBox", `${view.x} ${view.y} ${view.size} ${view.size}`);
    frame.classList.toggle("zoomed", view.size < whole);
    place_names();
  };
  const zoom = (factor, cx = view.x + view.size / 2, cy = view.y + view.size / 2) => {
    const size = Math.min(whole, Math.max(whole / 16, view.size / factor)), ratio = size / view.size;
    view = {x: cx - (cx - view.x) * ratio, y: cy - (cy - view.y) * ratio, size};
    show();
  };
  const all = () => { view = {x: 0, y: 0, size: whole}; show(); };
  const cell = +matrix.dataset.cell, order = matrix.dataset.order.split(",");
  const cells = [...matrix.querySelectorAll("rect[data-r]")], counts = [...matrix.querySelectorAll("text.count")];
  const choices = document.createElement("div");
  choices.className = "filters";
  const choose = (text, options, action) => {
    const label = document.createElement("label"), select = document.createElement("select");
    select.append(...options.map(([name, value]) => new Option(name, value)));
    select.addEventListener("input", () => action(select.value));
    label.append(text, select); choices.append(label);
  };
  if (counts.length) {
    const sums = {}, of_cell = {};
    for (const {dataset: {r, c, n}} of cells) { sums[r] = (sums[r] ?? 0) + +n; of_cell[r + " " + c] = n; }
    choose("Numbers", [["pictures", "n"], ["shares in %", "share"]], value => {
      for (const text of counts) {
        const {r, c} = text.dataset, n = of_cell[r + " " + c], share = 100 * n / sums[r];
        text.textContent = value === "n" ? n : share < 0.5 ? "<1" : share.toFixed(0);
      }
    });
  }
  if (order.length > 2) choose("Order", [["by name", "name"], ["similar classes together", "similar"]], value => {
    const place = [];
    order.forEach((c, i) => { place[c] = value === "name" ? +c : i; });
    for (const {dataset: {r, c}, x, y} of cells) { x.baseVal.value = room + cell * place[c]; y.baseVal.value = room + cell * place[r]; }
    for (const text of counts) {
      text.setAttribute("x", room + cell * (place[text.dataset.c] + 0.5));
      text.setAttribute("y", room + cell * (place[text.dataset.r] + 0.5));
    }
    for (const name of names) {
      const at = room + cell * (place[name.dataset.c] + 0.5);
      if (name.classList.contains("row")) name.setAttribute("y", at); else name.transform.baseVal.getItem(0).setTranslate(at, 0);
    }
    show();
  });
  frame.before(choices);
  const place = event => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.getScreenCTM().inverse());
    return [point.x, point.y];
  };
  const tools = document.createElement("div");
  tools.className = "tools";
  for (const [text, name, action] of [["+", "Zoom in", () => zoom(1.6)], ["−", "Zoom out", () => zoom(1 / 1.6)],
                                      ["All", "Show all", all]]) {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = text; button.setAttribute("aria-label", name);
    button.addEventListener("click", action);
    tools.append(button);
  }
  frame.prepend(tools);
  matrix.addEventListener("dblclick", event => zoom(2, ...place(event)));
  matrix.addEventListener("wheel", event => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...place(event));
  }, {passive: false});
  let held = null;
  matrix.addEventListener("pointerdown", event => { if (view.size < whole) { held = place(event); matrix.setPointerCapture(event.pointerId); } });
  matrix.addEventListener("pointerup", () => { held = null; });
  matrix.addEventListener("pointermove", event => {
    if (held) {
      const [x, y] = place(event);
      view.x -= x - held[0]; view.y -= y - held[1]; show();
      return;
    }
    for (const label of matrix.querySelectorAll("text.lit")) label.classList.remove("lit");
    const cell = event.target.closest("rect[data-r]");
    if (!cell) return;
    told.textContent = cell.querySelector("title").textContent;
    for (const label of matrix.querySelectorAll(`text.row[data-c="${cell.dataset.r}"],text.col[data-c="${cell.dataset.c}"]`)) label.classList.add("lit");
  });
  matrix.addEventListener("keydown", event => {
    const step = view.size / 8;
    const keys = {"+": () => zoom(1.6), "=": () => zoom(1.6), "-": () => zoom(1 / 1.6), "0": all,
                  ArrowLeft: () => { view.x -= step; show(); }, ArrowRight: () => { view.x += step; show(); },
                  ArrowUp: () => { view.y -= step; show(); }, ArrowDown: () => { view.y += step; show(); }};
    if (!keys[event.key] || event.ctrlKey || event.metaKey || (view.size === whole && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    keys[event.key]();
  });
}

const gallery = document.getElementById("gallery");
if (gallery) {
  const figures = [...gallery.querySelectorAll("figure")], filters = document.createElement("div");
  filters.className = "filters";
  const wanted = {truth: "", said: "", least: 0, text: ""}, told = document.createElement("b");
  told.setAttribute("aria-live", "polite");
  const apply = () => {
    let count = 0;
    for (const figure of figures) {
      const {truth, said, certainty, file} = figure.dataset;
      figure.hidden = !((!wanted.truth || wanted.truth === truth) && (!wanted.said || wanted.said === said) &&
        +certainty >= wanted.least && `${file} ${truth} ${said}`.toLowerCase().includes(wanted.text));
      count += !figure.hidden;
    }
    told.textContent = `${count} of ${figures.length}`;
  };
  const add = (text, control) => {
    const label = document.createElement("label");
    label.append(text, control);
    filters.append(label);
    control.addEventListener("input", apply);
    return control;
  };
  for (const [text, key] of [["Class", "truth"], ["taken for", "said"]]) {
    const select = document.createElement("select"), names = [...new Set(figures.map(f => f.dataset[key]))].sort();
    select.append(new Option("all", ""), ...names.map(name => new Option(name, name)));
    add(text, select).addEventListener("input", () => { wanted[key] = select.value; apply(); });
  }
  const range = Object.assign(document.createElement("input"), {type: "range", min: 0, max: 100, value: 0});
  const least = document.createElement("output");
  const say_least = () => { least.textContent = range.value + "\u00a0%"; };
  add("probability at least", range).addEventListener("input", () => { wanted.least = range.value / 100; say_least(); apply(); });
  range.after(least);
  say_least();
  const search = Object.assign(document.createElement("input"), {type: "search", placeholder: "file or class"});
  add("Text", search).addEventListener("input", () => { wanted.text = search.value.toLowerCase(); apply(); });
  filters.append(told);
  gallery.prepend(filters);
  apply();
}

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.dataset.still !== undefined) return;
    const button = document.createElement("button");
    button.type = "button"; button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => { const text = row.cells[column].textContent, number = parseFloat(text); return isNaN(number) ? text : number; };
      const rows = [...body.rows].sort((a, b) => { const x = key(a), y = key(b); return x < y ? -1 : x > y ? 1 : 0; });
      if (down) rows.reverse();
      body.append(...rows);
    });
  });
}
)js";

}  // namespace bart
