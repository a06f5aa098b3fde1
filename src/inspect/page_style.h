#pragma once

namespace bart {

/// The styles that only the page of an inspection needs; they follow html_style.
inline constexpr const char* page_style = R"(
td.bars{min-width:110px;width:17%;font-size:0;white-space:nowrap}
i.train,i.test{display:inline-block;height:12px;background:var(--train)}
i.test{background:var(--test)}
.key i{width:12px;border-radius:2px;margin:0 2px 0 10px;vertical-align:-1px}
.key i:first-child{margin-left:0}
.strip{display:flex;flex-wrap:wrap;gap:8px;align-items:flex-start}
.groups{display:grid;grid-template-columns:repeat(auto-fill,minmax(420px,1fr));gap:14px;align-items:start}
.group{background:var(--raised);border:1px solid var(--line);border-radius:10px;padding:10px 14px 14px;min-width:0}
.group>p{margin:0 0 8px;font-size:13px;color:var(--quiet)}
.badge{font-size:11px;font-weight:600;border:1px solid currentColor;border-radius:9px;padding:0 7px;margin-left:4px;color:var(--alarm);white-space:nowrap}
figure{margin:0;max-width:240px;width:min-content;min-width:120px}
figcaption{font-size:11.5px;line-height:1.3;color:var(--quiet);overflow-wrap:anywhere;margin-top:3px}
.side{display:block;font-weight:600;color:var(--ink)}
@media (max-width:520px){.groups{grid-template-columns:1fr}}
@media print{.group,h3+.strip{break-inside:avoid}}
)";

}  // namespace bart
