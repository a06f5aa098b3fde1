#pragma once

namespace bart {

/// The styles that only this page needs; they follow html_style.
inline constexpr const char* serve_style = R"css(
:root{--a:#2563c4;--on-a:#fff;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--a:#7fb0ff;--on-a:#10141a}}
:root[data-theme=light]{--ground:#fff;--raised:#f5f6f8;--ink:#1c2128;--quiet:#59636e;--line:#d9dee4;--alarm:#b3261e;--a:#2563c4;--on-a:#fff;color-scheme:light}
:root[data-theme=dark]{--ground:#14171c;--raised:#1d2229;--ink:#e4e8ed;--quiet:#9aa5b1;--line:#343b45;--alarm:#ff8a80;--a:#7fb0ff;--on-a:#10141a;color-scheme:dark}
[hidden]{display:none!important}
main{max-width:980px}
header.top{display:flex;gap:8px 20px;justify-content:space-between;align-items:start}
header p{margin:2px 0 0;overflow-wrap:anywhere}
button,input{font:inherit;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:8px;padding:7px 14px}
button{cursor:pointer}
button:hover{border-color:var(--a)}
:focus-visible{outline:2px solid var(--a);outline-offset:2px}
button.main{background:var(--a);border-color:var(--a);color:var(--on-a);font-weight:600}
button:disabled{opacity:.55;cursor:default}
.buttons{display:flex;flex-wrap:wrap;gap:8px;margin:10px 0}
.quiet{color:var(--quiet);font-size:13.5px;margin:6px 0}
.big{font-size:19px;margin:0 0 4px}
#drop{margin:22px 0 6px;padding:34px 20px 22px;border:2px dashed var(--line);border-radius:14px;background:var(--raised);text-align:center}
#drop .buttons,#viewfinder .buttons{justify-content:center}
#drop.over{border-color:var(--a);border-style:solid}
#viewfinder{text-align:center}
video{width:100%;max-width:560px;border-radius:12px;background:#000}
#told{min-height:1.5em;margin:8px 0;color:var(--quiet);overflow-wrap:anywhere}
.bar{display:flex;flex-wrap:wrap;gap:4px 20px;align-items:center;border-bottom:1px solid var(--line)}
.bar h2{border:0;margin:18px auto 6px 0;padding:0}
#threshold{width:76px;padding:5px 8px}
#gallery{list-style:none;padding:0;margin:14px 0;display:grid;gap:14px}
.result{display:grid;grid-template-columns:220px minmax(0,1fr);gap:18px;background:var(--raised);border:1px solid var(--line);border-radius:12px;padding:14px}
.picture img{width:100%;max-height:260px;object-fit:contain;border-radius:8px}
.answer h3{margin:0;font-size:14px;font-weight:500;color:var(--quiet);overflow-wrap:anywhere}
.verdict{font-size:21px;font-weight:650;margin:2px 0 8px;overflow-wrap:anywhere}
.verdict.unsure{color:var(--quiet);font-weight:500}
.verdict.wrong{color:var(--alarm);font-size:16px;font-weight:500}
.guesses{list-style:none;margin:0;padding:0;display:grid;gap:6px}
.guesses li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:1px 12px;font-size:14px}
.guesses .name{overflow-wrap:anywhere}
.guesses .value{font-variant-numeric:tabular-nums}
.track{grid-column:1/-1;height:8px;border-radius:4px;background:var(--line);overflow:hidden}
.fill{height:100%;border-radius:4px;background:var(--a)}
.unsure~.guesses .fill{background:var(--quiet)}
.shown{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(140px,46%),1fr));gap:12px}
.shown figure{margin:0;max-width:200px;min-width:0}
.shown img{width:200px;max-width:100%}
.shown img.pixels{image-rendering:pixelated}
.shown figcaption{font-size:13px;color:var(--quiet);overflow-wrap:anywhere;max-width:200px}
#classes{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(124px,1fr));gap:12px}
#classes li{font-size:13px;line-height:1.3;overflow-wrap:anywhere;text-align:center}
#classes img{width:100%;aspect-ratio:1;object-fit:cover;margin-bottom:4px}
#card th{width:240px;color:var(--quiet);font-weight:500;min-width:0}
@media (max-width:560px){.result{grid-template-columns:minmax(0,1fr)}.picture img{max-height:300px}
#card th{width:42%}header.top{align-items:center}h1{font-size:23px}.bar .buttons{width:100%}}
)css";

}  // namespace bart
