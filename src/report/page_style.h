#pragma once

namespace bart {

/// The styles that only the report of a training needs; they follow html_style.
inline constexpr const char* report_style = R"(
:root{--a:#2563c4;--b:#c96a12;--good:#1f7a4d;--right:37 99 196;--wrong:201 58 30}
@media (prefers-color-scheme:dark){:root{--a:#7fb0ff;--b:#f2a65a;--good:#6fd3a0;--right:110 163 245;--wrong:255 122 92}}
html{scroll-padding-top:52px}
header.top{display:flex;flex-wrap:wrap;gap:6px 24px;align-items:end;justify-content:space-between}
header.top p{margin:0}
.status{font-size:12.5px;font-weight:600;border:1px solid currentColor;border-radius:11px;padding:1px 10px;color:var(--good);white-space:nowrap}
.status.unfinished{color:var(--alarm)}
.warnings{margin:14px 0;padding:10px 14px 10px 30px;border:1px solid var(--alarm);border-radius:8px}
.warnings li{overflow-wrap:anywhere}
nav{position:sticky;top:0;z-index:2;background:var(--ground);border-bottom:1px solid var(--line);margin:18px 0 0;display:flex;gap:4px 18px;overflow-x:auto;font-size:13.5px;white-space:nowrap}
nav a{color:var(--quiet);text-decoration:none;padding:9px 0}
nav a:hover,nav a:focus{color:var(--ink);text-decoration:underline}
a{color:var(--a)}
.command{display:block;background:var(--raised);border:1px solid var(--line);border-radius:8px;padding:10px 14px;overflow-x:auto;white-space:pre;font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:8px 0}
.card.first{border-color:var(--a);box-shadow:inset 0 0 0 1px var(--a)}
.charts{display:grid;grid-template-columns:repeat(6,1fr);gap:14px}
.chart{grid-column:span 2;margin:0;background:var(--raised);border:1px solid var(--line);border-radius:10px;padding:12px 14px 4px;position:relative;min-width:0}
.chart:nth-child(-n+2){grid-column:span 3}
.chart figcaption{display:flex;flex-wrap:wrap;gap:2px 14px;justify-content:space-between;font-size:13px;margin:0}
.legend{display:flex;flex-wrap:wrap;gap:0 14px;color:var(--quiet)}
.legend b{color:var(--ink);font-variant-numeric:tabular-nums}
.legend i{display:inline-block;width:16px;height:3px;border-radius:2px;background:currentColor;vertical-align:3px;margin-right:5px}
.legend i.thin{height:1px}
.legend .a i{color:var(--a)}.legend .b i{color:var(--b)}
.chart svg{display:block;width:100%;height:auto;margin-top:4px;touch-action:pan-y}
svg text{fill:var(--quiet);font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
.chart:nth-child(n+3) svg text{font-size:15px}
.grid{stroke:var(--line);stroke-width:1}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.line.a{stroke:var(--a)}.line.b{stroke:var(--b)}
.line.faint{stroke-width:1;opacity:.38}
circle.a{fill:var(--a)}circle.b{fill:var(--b)}
line.best{stroke:var(--good);stroke-width:1.2;stroke-dasharray:4 3}svg text.best{fill:var(--good);font-weight:600}
.cross{stroke:var(--quiet);stroke-width:1;stroke-dasharray:3 3}
.tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--ground);font-size:12px;line-height:1.4;border-radius:6px;padding:4px 8px;white-space:pre;z-index:1;font-variant-numeric:tabular-nums}
details{margin:10px 0}
summary{cursor:pointer;color:var(--quiet);font-size:13.5px}
.matrix{overflow:hidden;border:1px solid var(--line);border-radius:10px;background:var(--raised);padding:8px;position:relative}
.matrix svg{display:block;width:100%;height:auto;max-height:86vh;margin:0 auto}
.matrix svg:focus-visible{outline:2px solid var(--a);outline-offset:2px}
.matrix.zoomed svg{cursor:grab;touch-action:none}
.matrix text{font-size:var(--label)}
.matrix .margin{fill:var(--raised);pointer-events:none}
.matrix .count{font-size:var(--count);text-anchor:middle;dominant-baseline:central;pointer-events:none;fill:var(--ink)}
.matrix .count.on{fill:var(--ground)}
.matrix text.lit{fill:var(--ink);font-weight:700}
.frame{fill:none;stroke:var(--line)}
rect.right{fill:rgb(var(--right))}rect.wrong{fill:rgb(var(--wrong))}
rect.right:hover,rect.wrong:hover{stroke:var(--ink);stroke-width:1.5}
.tools{position:absolute;right:12px;top:12px;display:flex;gap:6px}
button{font:inherit;font-size:13px;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:7px;padding:3px 11px;cursor:pointer}
button:hover,button:focus-visible{border-color:var(--a)}
.told{min-height:1.5em;color:var(--quiet);font-size:13.5px;margin:6px 0}
.scale{color:var(--quiet);font-size:13px;display:flex;flex-wrap:wrap;gap:2px 18px;margin:4px 0 8px}
.scale i{display:inline-block;width:46px;height:11px;border-radius:3px;vertical-align:-1px;margin-right:6px}
.scale .r{background:linear-gradient(90deg,rgb(var(--right)/.1),rgb(var(--right)))}
.scale .w{background:linear-gradient(90deg,rgb(var(--wrong)/.1),rgb(var(--wrong)))}
td.bar{min-width:130px;width:34%}
td.bar i{display:block;height:11px;border-radius:3px;background:var(--a);min-width:1px}
td.bar i.low{background:var(--b)}
th button{border:0;background:none;padding:0;color:inherit;font-weight:inherit;text-align:inherit}
th button:hover{text-decoration:underline}
th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(330px,100%),1fr));gap:14px;margin-top:12px}
.shown{margin:0;background:var(--raised);border:1px solid var(--line);border-radius:10px;padding:12px;min-width:0;display:flex;flex-direction:column;gap:8px}
.shown .row{display:grid;grid-template-columns:repeat(3,1fr);gap:8px}
.shown .row>span{display:flex;flex-direction:column;gap:4px;font-size:11.5px;line-height:1.3;color:var(--quiet);overflow-wrap:anywhere;min-width:0}
.shown b{font-weight:600;color:var(--ink);font-variant-numeric:tabular-nums;margin-top:-3px}
.shown img{width:100%;height:104px;object-fit:contain;background:none;border-radius:0}
.shown figcaption{font-size:13.5px;line-height:1.4;overflow-wrap:anywhere}
.shown figcaption small{display:block;font-size:11.5px}
.smalls{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(164px,46%),1fr));gap:10px;margin-top:14px}
.small{margin:0;min-width:0;background:var(--raised);border:1px solid var(--line);border-radius:8px;padding:8px;font-size:12px;line-height:1.35;overflow-wrap:anywhere}
.small img{width:100%;height:104px;object-fit:contain;background:none;border-radius:0;margin-bottom:5px}
.small small{display:block;font-size:11px}
.filters{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center;font-size:13px;margin:10px 0}
.filters label{display:flex;gap:6px;align-items:center;color:var(--quiet)}
.filters select,.filters input{font:inherit;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:7px;padding:3px 7px;max-width:210px}
.filters output{min-width:3.4em;color:var(--ink);font-variant-numeric:tabular-nums}
.filters input[type=range]{padding:0;width:110px;accent-color:var(--a)}
.gallery [hidden]{display:none}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(160px,46%),1fr));gap:10px;margin-top:12px}
.curve{margin:0;min-width:0;display:flex;flex-direction:column;background:var(--raised);border:1px solid var(--line);border-radius:8px;padding:8px;font-size:12px;line-height:1.35;overflow-wrap:anywhere}
.curve figcaption span{display:block}.curve svg{display:block;width:100%;max-width:150px;margin:auto auto 0;padding:4px 0}.curve .grid{fill:none}.curve p{margin:0}.curve span,.curve p{color:var(--quiet)}.curve b{color:var(--ink)}
#wanted input{font:inherit;width:5em;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:7px;padding:1px 6px}
.map svg{display:block;width:100%;height:auto;background:var(--raised);border:1px solid var(--line);border-radius:10px}
path.found{fill:none;stroke:var(--a);stroke-width:4;stroke-linecap:round;opacity:.4}circle.missed{fill:rgb(var(--wrong));stroke:var(--ground);cursor:pointer}span.missed{color:rgb(var(--wrong))}.map .dim{opacity:.06}
.course{margin:10px 0 14px;padding-left:20px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:8px 36px;align-items:start}
.facts th{color:var(--quiet);font-weight:500;width:34%;min-width:110px;vertical-align:top}
.facts td{overflow-wrap:anywhere}
p small{overflow-wrap:anywhere}
footer{margin-top:48px;color:var(--quiet);font-size:13px}
@media (max-width:900px){.charts{grid-template-columns:1fr 1fr}.chart:nth-child(n){grid-column:span 1}.chart svg text{font-size:15px}}
@media (max-width:680px){.tools{position:static;justify-content:flex-end;margin-bottom:8px}.charts,.two{grid-template-columns:1fr}.chart:nth-child(n) svg text{font-size:13px}th,td{padding:4px 6px}.models .n{white-space:normal}td.bar{min-width:70px}tbody th{min-width:110px}.cards{grid-template-columns:1fr 1fr}}
@media (max-width:520px){table{font-size:12.5px}th,td{padding:4px}tbody th{min-width:90px}.sortable .bar,.sortable [data-still]{display:none}}
@media print{.filters{display:none}.command{white-space:pre-wrap;overflow-wrap:anywhere}h2+p,h3+p{break-after:avoid}.small{break-inside:avoid}:root{--a:#2563c4;--b:#c96a12;--good:#1f7a4d;--right:37 99 196;--wrong:201 58 30}nav,.tools,.told,summary{display:none}.cards{grid-template-columns:repeat(3,1fr)}.card strong{font-size:20px}p,h3+.scroll{break-inside:avoid}.two,#calibration~.scroll{break-inside:avoid}.curves,.smalls{grid-template-columns:repeat(5,1fr)}.small img{height:72px}.small,.curve{font-size:10.5px;padding:6px}.small small{font-size:9.5px}.charts{grid-template-columns:repeat(6,1fr)}.chart:nth-child(n){grid-column:span 2}.chart:nth-child(-n+2){grid-column:span 3}.matrix svg{max-height:none}.pictures{grid-template-columns:1fr 1fr}h2{margin-top:28px}.chart,.shown,.matrix,.command{break-inside:avoid}.scale{break-after:avoid}}
)";

}  // namespace bart
