// Charts that answer: hovering says the exact figure, a click opens what is behind it. Without this they are pictures.
"use strict";

const COLOURS = {
  "#010101": "--ink", "#020202": "--soft", "#030303": "--line", "#040404": "--card",
  "#050505": "--chart-1", "#060606": "--chart-2", "#070707": "--chart-3", "#080808": "--sunk",
};

// A description names stand-ins; what they mean hangs on light or dark.
function coloured(description) {
  const style = getComputedStyle(document.documentElement);
  const found = (code) => style.getPropertyValue(COLOURS[code]).trim() || code;
  return JSON.parse(description.replace(/#0[1-8]0[1-8]0[1-8]/g, (code) => (COLOURS[code] ? found(code) : code)));
}

async function enliven(figure) {
  const still = figure.querySelector("svg");
  const live = document.createElement("div");
  const label = figure.querySelector("title")?.textContent || figure.getAttribute("aria-label") || "";
  const specification = coloured(figure.querySelector(".chart-spec").textContent);
  const font = getComputedStyle(document.body).fontFamily;
  specification.config.font = font;
  await window.vegaEmbed(live, specification, {
    actions: false, ast: true, defaultStyle: false, mode: "vega-lite", renderer: "svg",
    tooltip: { disableDefaultStyle: true, id: "chart-tip" },
  });
  // The whole has one name; what it is made of has none, and stands in the table.
  for (const part of live.querySelectorAll("[role], [aria-roledescription], [aria-label]")) {
    for (const name of ["role", "aria-roledescription", "aria-label"]) part.removeAttribute(name);
  }
  live.setAttribute("role", "img");
  live.setAttribute("aria-label", label);
  const before = figure.querySelector(".chart-live") || still;
  live.className = "chart-live";
  before.replaceWith(live);
}

function enlivenAll() {
  if (!window.vegaEmbed) return;
  for (const figure of document.querySelectorAll("[data-chart]")) {
    // A picture that is there is better than an error.
    enliven(figure).catch(() => {});
  }
}

document.addEventListener("DOMContentLoaded", enlivenAll);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", enlivenAll);
