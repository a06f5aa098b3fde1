#include "bart/html/html.h"

namespace bart {

const char* const html_style = R"(
:root{--ground:#fff;--raised:#f5f6f8;--ink:#1c2128;--quiet:#59636e;--line:#d9dee4;--train:#2f6fd0;--test:#e39a17;--alarm:#b3261e}
@media (prefers-color-scheme:dark){:root{--ground:#14171c;--raised:#1d2229;--ink:#e4e8ed;--quiet:#9aa5b1;--line:#343b45;--train:#6ea3f5;--test:#f0b64a;--alarm:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:20px;margin:44px 0 8px;padding-bottom:6px;border-bottom:1px solid var(--line)}
h3{font-size:15px;margin:18px 0 6px}
small,header p,.key{color:var(--quiet);font-weight:400}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--raised);padding:1px 5px;border-radius:4px;white-space:nowrap}
.note code{background:var(--ground)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:24px 0}
.card{background:var(--raised);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.card strong{display:block;font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}
.card span{color:var(--quiet);font-size:13px;line-height:1.35;display:block}
.card.warning strong{color:var(--alarm)}
.note{border-left:4px solid var(--alarm);background:var(--raised);padding:12px 16px;border-radius:0 8px 8px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{text-align:left;padding:4px 10px;border-bottom:1px solid var(--line);vertical-align:middle;overflow-wrap:break-word}
thead th{color:var(--quiet);font-weight:600;overflow-wrap:normal;vertical-align:bottom}
tbody th{font-weight:500;min-width:218px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead .n{white-space:normal}
.nowrap{white-space:nowrap}
img{display:block;border-radius:5px;background:var(--raised);max-width:100%}
.unseen{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden;white-space:nowrap}
@media (max-width:520px){main{padding:20px 14px}}
@media print{:root{--ground:#fff;--raised:#fff;--ink:#000;--quiet:#444;--line:#bbb;--train:#2f6fd0;--test:#e39a17;--alarm:#b3261e}
main{max-width:none;padding:0}.card,tr,figure{break-inside:avoid}h2,h3{break-after:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)";

}  // namespace bart
