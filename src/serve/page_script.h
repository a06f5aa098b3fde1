#pragma once

namespace bart {

/// The script of the page. Names of classes and files reach the page as text alone (textContent).
inline constexpr const char* page_script = R"js("use strict";
const $ = id => document.getElementById(id);
const tell = text => { $("told").textContent = text; };
const percent = p => (100 * p).toFixed(1) + " %";
const element = (tag, text, name) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
};
// A name may be broken after its underscores.
const named = (tag, name, css) => {
  const made = element(tag, undefined, css);
  name.split(/(?<=_)/).forEach((part, i) => made.append(...(i ? [element("wbr"), part] : [part])));
  return made;
};
const kept = (store, key, value) => {  // storage may be switched off
  try { return value === undefined ? store.getItem(key) : store.setItem(key, value); } catch { return null; }
};

// Light and dark: the system's choice until the visitor makes one.
const dark_system = matchMedia("(prefers-color-scheme: dark)");
const is_dark = () => (document.documentElement.dataset.theme || (dark_system.matches ? "dark" : "light")) === "dark";
const show_theme = () => {
  $("theme").textContent = is_dark() ? "Light" : "Dark";
  $("theme").setAttribute("aria-label", "Switch to " + (is_dark() ? "light" : "dark") + " colours");
  $("theme").setAttribute("aria-pressed", String(is_dark()));
};
if (["light", "dark"].includes(kept(localStorage, "theme"))) document.documentElement.dataset.theme = kept(localStorage, "theme");
$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = is_dark() ? "light" : "dark";
  kept(localStorage, "theme", document.documentElement.dataset.theme);
  show_theme();
});
dark_system.addEventListener("change", show_theme);
show_theme();

// Requests, with the token where the server needs one, and again where it has too much to do.
const wait = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
async function ask(path, options = {}) {
  for (let attempt = 0; ; ++attempt) {
    const token = kept(sessionStorage, "token");
    const headers = token ? {Authorization: "Bearer " + token} : {};
    let response;
    try {
      response = await fetch(path, {...options, headers: {...headers, ...options.headers}});
    } catch { throw new Error("the server does not answer"); }
    if (response.ok) return response;
    if (response.status === 401) $("token-form").hidden = false;
    if (response.status === 503 && attempt < 8) { await wait(+response.headers.get("Retry-After") || 1); continue; }
    let reason = "status " + response.status;
    try { reason = (await response.json()).error || reason; } catch {}
    throw new Error(reason);
  }
}
$("token-form").addEventListener("submit", event => {
  event.preventDefault();
  kept(sessionStorage, "token", $("token").value);
  $("token-form").hidden = true;
  show_model();
});

// The model and its classes.
async function show_model() {
  let model;
  try { model = await (await ask("v1/model")).json(); } catch (error) { return tell("Sorry: " + error.message + "."); }
  $("model").textContent = `A network that tells ${model.classes.length} classes apart, from pictures of ${model.image_size} × ${model.image_size} pixels.`;
  $("classes").replaceChildren(...model.classes.map((name, i) => {
    const item = named("li", name);
    if (model.examples && model.examples[i]) {
      const picture = element("img");
      picture.alt = "";
      item.prepend(picture);
      ask("v1/model/examples/" + i).then(r => r.blob()).then(b => { picture.src = URL.createObjectURL(b); }).catch(() => picture.remove());
    }
    return item;
  }));
  const rows = (model.facts || []).map(([label, value]) => {
    const row = element("tr"), head = element("th", label);
    head.scope = "row";
    row.append(head, element("td", value));
    return row;
  });
  $("card").tBodies[0].replaceChildren(...rows);
  $("card-section").hidden = rows.length === 0;
  $("report").hidden = !model.report || kept(sessionStorage, "token");  // a new window sends no token
}
show_model();

$("report").addEventListener("click", () => open("v1/model/report", "_blank", "noopener"));

// The gallery of this visit.
const gallery = [];
const threshold = () => +$("threshold").value / 100;
function show_verdict(one) {
  const verdict = one.view.querySelector(".verdict"), best = one.classes[0];
  const unsure = best.probability < threshold();
  verdict.textContent = unsure ? "Unsure – perhaps " + best.class : best.class;
  verdict.classList.toggle("unsure", unsure);
}
function show_guesses(one) {
  one.view.querySelector(".guesses").replaceChildren(...one.classes.map(({class: name, probability}) => {
    const row = element("li"), track = element("div", undefined, "track"), fill = element("div", undefined, "fill");
    fill.style.width = 100 * probability + "%";
    track.append(fill);
    row.append(named("span", name, "name"), element("span", percent(probability), "value"), track);
    return row;
  }));
}
const figure = (source, caption, name) => {
  const made = element("figure"), picture = element("img", undefined, name);
  picture.src = source;
  picture.alt = caption;
  made.append(picture, element("figcaption", caption));
  return made;
};
async function predict(one, query) {
  const answer = await (await ask("v1/predict?" + query, {method: "POST", body: one.file, headers: {"Content-Type": "application/octet-stream"}})).json();
  return answer.predictions[0];
}
function show_more(one, button, query, figures) {
  button.addEventListener("click", async () => {
    const shown = one.view.querySelector(".shown");
    button.disabled = true;
    try {
      shown.replaceChildren(...figures(await predict(one, query)));
      shown.hidden = false;
    } catch (error) { tell("Sorry: " + error.message + "."); }
    button.disabled = false;
  });
}
async function add(file, name) {
  const view = $("result").content.firstElementChild.cloneNode(true), one = {file, name, view, classes: []};
  view.querySelector("h3").textContent = name;
  view.querySelector("img").src = one.url = URL.createObjectURL(file);
  view.querySelector("img").alt = "Your picture " + name;
  view.querySelector(".verdict").textContent = "…";
  for (const button of view.querySelectorAll("button")) button.disabled = true;
  $("gallery").prepend(view);
  $("results").hidden = false;
  const began = performance.now();
  try {
    const prediction = await predict(one, "top_k=5");
    one.seconds = (performance.now() - began) / 1000;
    one.classes = prediction.classes;
    gallery.push(one);
    show_verdict(one);
    show_guesses(one);
    view.querySelector(".taken").textContent = `Answered in ${Math.round(1000 * one.seconds)} ms.`;
    for (const button of view.querySelectorAll("button")) button.disabled = false;
    show_more(one, view.querySelector(".look"), "explain=3", p => p.explanations
      .filter((e, i) => i === 0 || p.classes.find(c => c.class === e.class).probability >= 0.01)
      .map(e => figure(e.picture, "evidence for " + e.class)));
    show_more(one, view.querySelector(".seen"), "input=1", p => [figure(p.input, "the picture as the network sees it", "pixels")]);
    tell(`${name}: ${view.querySelector(".verdict").textContent}, ${percent(one.classes[0].probability)}.`);
  } catch (error) {
    view.querySelector(".verdict").textContent = "Sorry: " + error.message + ".";
    view.querySelector(".verdict").classList.add("wrong");
    view.querySelector(".buttons").remove();
    view.querySelector("img").addEventListener("error", event => event.target.remove());
    if (view.querySelector("img").complete && !view.querySelector("img").naturalWidth) view.querySelector("img").remove();
    tell(name + ": " + error.message + ".");
  }
}
let running = 0;
const queue = [];
function add_all(files, name) {  // a few at a time
  for (const file of files) queue.push([file, name || file.name || "picture"]);
  const next = async () => {
    ++running;
    while (queue.length) await add(...queue.shift());
    --running;
  };
  while (running < 4 && queue.length) next();
}
$("threshold").addEventListener("input", () => gallery.forEach(show_verdict));
$("clear").addEventListener("click", () => {
  for (const one of gallery.splice(0)) URL.revokeObjectURL(one.url);
  $("gallery").replaceChildren();
  $("results").hidden = true;
  tell("Cleared.");
});

// Choosing, dropping, pasting.
$("choose").addEventListener("click", () => $("files").click());
for (const input of [$("files"), $("snapshot")])
  input.addEventListener("change", () => { add_all([...input.files]); input.value = ""; });
for (const kind of ["dragover", "drop", "dragleave"]) {
  addEventListener(kind, event => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") add_all([...event.dataTransfer.files]);
  });
}
addEventListener("paste", event => add_all([...event.clipboardData.files]));

// The camera: the browser's own where it may be used, else that of the telephone's file dialogue.
let stream = null;
const stop_camera = () => {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  $("viewfinder").hidden = true;
};
$("camera").addEventListener("click", async () => {
  if (!navigator.mediaDevices) return $("snapshot").click();
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
  } catch { return tell("The camera cannot be used: the browser does not allow it, or there is none."); }
  $("video").srcObject = stream;
  await $("video").play();
  $("viewfinder").hidden = false;
  $("shoot").focus();
});
$("shoot").addEventListener("click", () => {
  const video = $("video"), canvas = element("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob(blob => blob && add_all([blob], "camera " + new Date().toLocaleTimeString()), "image/png");
  stop_camera();
});
$("stop-camera").addEventListener("click", stop_camera);

// Saving the gallery.
function save(name, type, text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], {type}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
const csv_field = text => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
$("save-csv").addEventListener("click", () => {
  const rows = gallery.flatMap(one => one.classes.map((guess, k) => [one.name, k + 1, guess.class, guess.probability]));
  save("predictions.csv", "text/csv", [["file", "rank", "class", "probability"], ...rows].map(row => row.map(String).map(csv_field).join(",") + "\n").join(""));
});
$("save-json").addEventListener("click", () =>
  save("predictions.json", "application/json", JSON.stringify(gallery.map(one => ({file: one.name, classes: one.classes})), null, 4) + "\n"));  // names may repeat
)js";

}  // namespace bart
