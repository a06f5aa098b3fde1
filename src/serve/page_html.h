#pragma once

namespace bart {

/// The page for people. Style and script are files of their own, so that the page's policy can forbid all
/// others.
inline constexpr const char* page_html = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>BART</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script src="script.js" defer></script>
</head>
<body>
<main>
<header class="top">
<div><h1>What is in this picture?</h1><p id="model">&nbsp;</p></div>
<button type="button" id="theme" aria-pressed="false">Dark</button>
</header>
<noscript><p class="note">This page needs its script. Programs use <code>POST /v1/predict</code> instead.</p></noscript>
<form id="token-form" class="note" hidden>
<label for="token">This server needs its token:</label>
<input id="token" type="password" autocomplete="current-password" required> <button>Use it</button>
</form>
<section aria-label="Choose pictures">
<div id="drop">
<p class="big">Drop pictures here, or paste one</p>
<p class="buttons"><button type="button" id="choose" class="main">Choose pictures</button>
<button type="button" id="camera">Use the camera</button></p>
<input id="files" type="file" accept="image/*" multiple hidden>
<input id="snapshot" type="file" accept="image/*" capture="environment" hidden>
<p class="quiet">They are sent to this server and nowhere else, and it does not keep them.</p>
</div>
<div id="viewfinder" hidden><video id="video" playsinline muted></video>
<p class="buttons"><button type="button" id="shoot" class="main">Take the picture</button>
<button type="button" id="stop-camera">Close the camera</button></p></div>
</section>
<p id="told" role="status" aria-live="polite"></p>
<section id="results" aria-label="Results" hidden>
<div class="bar"><h2>Your pictures</h2>
<label>Unsure below <input id="threshold" type="number" min="0" max="100" step="5" value="50"> %</label>
<span class="buttons"><button type="button" id="save-csv">Save as CSV</button>
<button type="button" id="save-json">Save as JSON</button>
<button type="button" id="clear">Clear</button></span></div>
<ol id="gallery"></ol>
</section>
<section aria-labelledby="classes-title"><h2 id="classes-title">Classes it knows</h2><ul id="classes"></ul></section>
<section id="card-section" aria-labelledby="card-title" hidden><h2 id="card-title">The model</h2><table id="card"><tbody></tbody></table>
<p><button type="button" id="report" hidden>Show the report of its training</button></p></section>
</main>
<template id="result">
<li class="result"><div class="picture"><img alt=""></div>
<div class="answer"><h3></h3><p class="verdict"></p><ol class="guesses"></ol>
<p class="quiet taken"></p>
<p class="buttons"><button type="button" class="look">Where did it look?</button>
<button type="button" class="seen">What did it see?</button></p>
<div class="shown" hidden></div></div></li>
</template>
</body>
</html>
)html";

}  // namespace bart
