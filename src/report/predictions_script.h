#pragma once

namespace bart {

/// The script of the report's precision curves and of its map.
inline constexpr const char* predictions_script = R"js(
const curves = document.getElementById("curves");
if (curves) {
  const figures = [...curves.querySelectorAll("figure")].map(figure => ({figure, points: JSON.parse(figure.dataset.points)}));
  const input = Object.assign(document.createElement("input"), {type: "number", min: 1, max: 100, step: "any", value: 95});
  input.setAttribute("aria-label", "Wanted precision in percent");
  document.querySelector("#wanted b").replaceChildren(input, " %");
  input.addEventListener("input", () => {
    const wanted = input.value / 100;
    for (const {figure, points} of figures) {
      // The first point that is precise enough has the largest recall.
      const found = points.find(point => point[1] >= wanted - 1e-6), mark = figure.querySelector("circle");
      mark.setAttribute("visibility", found ? "visible" : "hidden");
      if (found) { mark.setAttribute("cx", 100 * found[2]); mark.setAttribute("cy", 100 * (1 - found[1])); }
      const told = figure.querySelector("p"), bold = document.createElement("b");
      if (!found) { told.textContent = "no threshold reaches this"; continue; }
      bold.textContent = found[0];
      told.replaceChildren("from ", bold, `: recall ${(100 * found[2]).toFixed(1)}\u00a0%`);
    }
  });
}
const map = document.getElementById("pictures-map");
if (map) {
  const marks = [...map.querySelectorAll("[data-c]")], names = new Map();
  for (const mark of marks) names.set(mark.dataset.c, mark.dataset.truth ?? mark.textContent);
  const select = document.createElement("select"), label = document.createElement("label"), tools = document.createElement("div");
  select.append(new Option("all", ""), ...[...names].sort((a, b) => a[0] - b[0]).map(([c, name]) => new Option(name, c)));
  label.append("Class ", select); tools.className = "filters"; tools.append(label); map.before(tools);
  select.addEventListener("input", () => {
    for (const mark of marks) mark.classList.toggle("dim", select.value !== "" && mark.dataset.c !== select.value);
  });
  map.addEventListener("click", event => {
    const mark = event.target.closest("circle"), search = document.querySelector("#gallery input[type=search]");
    if (!mark || !search) return;
    search.value = mark.dataset.file;
    search.dispatchEvent(new Event("input"));
    document.getElementById("mistakes").scrollIntoView();
  });
}
)js";

}  // namespace bart
