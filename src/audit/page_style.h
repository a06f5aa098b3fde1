#pragma once

namespace bart {

/// The styles that only the page of an audit needs; they follow html_style.
inline constexpr const char* audit_style = R"(
:root{--a:#2563c4;--good:#1f7a4d}
@media (prefers-color-scheme:dark){:root{--a:#7fb0ff;--good:#6fd3a0}}
html{scroll-padding:76px 0 24px}
.bar{position:sticky;top:0;z-index:2;background:var(--ground);border-bottom:1px solid var(--line);padding:9px 0;display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;font-size:13.5px}
.bar progress{flex:1 1 120px;height:9px;accent-color:var(--a)}
.bar b{font-variant-numeric:tabular-nums}
.keys{color:var(--quiet);font-size:13px;line-height:2;margin:10px 0}
kbd{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;border:1px solid var(--line);border-bottom-width:2px;border-radius:5px;padding:1px 6px;background:var(--raised);color:var(--ink)}
button{font:inherit;font-size:13px;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:7px;padding:3px 10px;cursor:pointer}
button:hover,button:focus-visible{border-color:var(--a)}
button.save{background:var(--a);border-color:var(--a);color:var(--ground);font-weight:600}
button:disabled{opacity:.5;cursor:default}
.items{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(270px,100%),1fr));gap:14px;margin-top:12px}
.item{background:var(--raised);border:1px solid var(--line);border-radius:10px;padding:12px;min-width:0;display:flex;flex-direction:column;gap:8px;outline:0}
.item.now{border-color:var(--a);box-shadow:0 0 0 2px var(--a)}
.item img,.item .gone{width:100%;height:170px;object-fit:contain;background:none;border-radius:0}
.item .file{font-size:12px;color:var(--quiet);overflow-wrap:anywhere}
.item p{margin:0;font-size:13.5px;line-height:1.45;overflow-wrap:anywhere}
.item .does{display:flex;flex-wrap:wrap;gap:6px;margin-top:auto}
.item .does span{display:flex;flex:1 1 150px;min-width:0}
.item .does span button{border-radius:7px 0 0 7px}
.item input{font:inherit;font-size:13px;flex:1;min-width:0;width:60px;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-left:0;border-radius:0 7px 7px 0;padding:3px 5px}
.item input.wrong{border-color:var(--alarm);box-shadow:inset 0 0 0 1px var(--alarm)}
.item .chosen{font-weight:600;color:var(--good)}
.item[data-action=remove] .chosen{color:var(--alarm)}
.item[data-action]{opacity:.72}.item.now{opacity:1}
.group{border:1px solid var(--line);border-radius:12px;padding:10px 14px 14px;margin-top:14px}
.group>p{margin:0;font-size:13px;color:var(--quiet)}
.badge{font-size:11px;font-weight:600;border:1px solid currentColor;border-radius:9px;padding:0 7px;margin-left:4px;color:var(--alarm);white-space:nowrap}
.cards{grid-template-columns:repeat(auto-fit,minmax(125px,1fr))}
@media (max-width:520px){.keys span{display:none}.item .does span{flex-basis:100%}.cards{grid-template-columns:1fr 1fr}}
@media print{.bar,.keys,.item .does,noscript{display:none}.items{grid-template-columns:repeat(5,1fr);gap:8px}.item{break-inside:avoid;padding:8px;gap:4px}.item p{font-size:11px}.item .file{font-size:9.5px}.item img,.item .gone{height:84px}.item.now{box-shadow:none;border-color:var(--line)}.group{break-inside:avoid}h2+p{break-after:avoid}}
)";

}  // namespace bart
