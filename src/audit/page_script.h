#pragma once

namespace bart {

/// The script of an audit's page: decisions by keys and buttons, and the file that holds them.
inline constexpr const char* audit_script = R"js(
"use strict";
const items = [...document.querySelectorAll(".item")], classes = [...document.getElementById("class-names").options].map(o => o.value);
const folder = document.body.dataset.folder, store = "bart-audit " + folder, decisions = new Map();
const bar = document.querySelector(".bar"), save = bar.querySelector(".save"), count = bar.querySelector("b");
let now = -1, saved = true;
const files = new Set(items.map(item => item.dataset.file));
for (const element of document.querySelectorAll("[hidden]")) element.hidden = false;

const show = file => {
  const decision = decisions.get(file);
  for (const item of items) {
    if (item.dataset.file !== file) continue;
    if (decision) item.dataset.action = decision.action; else delete item.dataset.action;
    item.querySelector(".chosen").textContent = !decision ? "" : decision.action === "keep" ? "Stays as it is"
      : decision.action === "remove" ? "Will be removed" : "Will be moved to " + decision.to;
  }
  count.textContent = decisions.size + " of " + files.size;
  bar.querySelector("progress").value = decisions.size;
  save.disabled = decisions.size === 0;
};
const remember = () => {
  saved = false;
  try { localStorage.setItem(store, JSON.stringify([...decisions])); } catch { /* a browser without a store */ }
};
const go = (to, scroll = true) => {
  if (to < 0 || to >= items.length) return;
  if (now >= 0) items[now].classList.remove("now");
  now = to;
  items[now].classList.add("now");
  if (!scroll) return;
  items[now].focus({preventScroll: true});
  items[now].scrollIntoView({block: "nearest"});
};
const decide = (at, action) => {
  const item = items[at], input = item.querySelector("input"), file = item.dataset.file;
  if (action === "move") {
    const wrong = !classes.includes(input.value) || input.value === item.dataset.class;
    input.classList.toggle("wrong", wrong);
    if (wrong) { go(at); input.focus(); input.select(); return; }
  }
  if (action) decisions.set(file, action === "move" ? {action, to: input.value} : {action}); else decisions.delete(file);
  remember();
  show(file);
  let next = at;
  if (action) do next += 1; while (next < items.length && decisions.has(items[next].dataset.file));
  go(next < items.length ? next : at);
};
const download = () => {
  const list = [...decisions].map(([file, decision]) => ({file, ...decision}));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({version: 1, folder, decisions: list}, null, 1) + "\n"], {type: "application/json"}));
  link.download = "decisions.json";
  link.click();
  saved = true;
};
items.forEach((item, at) => {
  item.addEventListener("pointerdown", () => go(at, false));
  item.addEventListener("focusin", () => go(at, false));
  for (const button of item.querySelectorAll("button")) button.addEventListener("click", () => decide(at, button.dataset.does));
  item.querySelector("input").addEventListener("keydown", event => {
    if (event.key === "Enter") { event.preventDefault(); decide(at, "move"); }
    if (event.key === "Escape") { item.focus(); }
    event.stopPropagation();
  });
});
save.addEventListener("click", download);
const keys = {k: () => decide(now, "keep"), m: () => decide(now, "move"), r: () => decide(now, "remove"), u: () => decide(now),
  c: () => { const input = items[now].querySelector("input"); input.focus(); input.select(); },
  ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1), n: () => go(now + 1), p: () => go(now - 1), s: download};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key] || items.length === 0 || (event.key === "s" && save.disabled)) return;
  event.preventDefault();
  keys[event.key]();
});
addEventListener("beforeunload", event => { if (!saved) event.preventDefault(); });
try {
  for (const [file, decision] of JSON.parse(localStorage.getItem(store) || "[]")) if (files.has(file)) decisions.set(file, decision);
} catch { decisions.clear(); }
for (const file of decisions.keys()) show(file);
if (items.length) { show(items[0].dataset.file); go(0, false); }
)js";

}  // namespace bart
