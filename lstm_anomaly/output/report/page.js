// Draws the charts when they come into view, and lets keys and buttons zoom, sort and filter.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const ROLES = {
  seen: { colour: "--seen", dash: "solid", width: 1.6 },
  expected: { colour: "--expected", dash: "dash", width: 1.6 },
  score: { colour: "--score", dash: "solid", width: 1.4 },
  other: { colour: "--other", dash: "dot", width: 1.8 },
  step: { colour: "--seen", dash: "solid", width: 1.8, shape: "hv" },
  step2: { colour: "--expected", dash: "dash", width: 1.8, shape: "hv" },
  limit: { colour: "--limit", dash: "dashdot", width: 1.4 },
};
// Colours for paper, whatever the screen shows.
const PAPER = {
  "--seen": "#0072b2", "--expected": "#b35c00", "--score": "#000000", "--other": "#007a5a", "--limit": "#a3195b",
  "--band": "rgba(230, 159, 0, 0.3)", "--ink": "#000000", "--soft": "#333333", "--line": "#bbbbbb",
};
const TICKS = [-2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
const FEW = 60; // points that are also drawn as dots: one alone makes no line
const BUTTONS = [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]];
const onPhone = window.matchMedia("(max-width: 40rem)");
const byTouch = window.matchMedia("(pointer: coarse)");
const drawn = new Set();
let printing = false;

function numbers(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Kind(bytes.buffer);
}

// The plotting library reads a few tags in its labels; names are shown as they are.
function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function palette(forPaper) {
  const style = getComputedStyle(document.documentElement);
  return (name) => (forPaper ? PAPER[name] : style.getPropertyValue(name).trim());
}

function heightOf(chart) {
  return (onPhone.matches ? 150 : 170) * chart.panels.length + 110;
}

function figure(chart, forPaper) {
  const colour = palette(forPaper);
  const panels = chart.panels;
  const gap = panels.length > 1 ? 0.08 : 0;
  const over = onPhone.matches ? 18 / (heightOf(chart) - 108) : 0; // its lines would cover the name of the first panel
  const size = (1 - gap * (panels.length - 1)) / panels.length;
  const layout = {
    height: heightOf(chart),
    margin: { l: 58, r: 14, t: 62, b: 46 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("--ink"), family: "system-ui, sans-serif", size: 12 },
    showlegend: true,
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1 + over, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--ink") },
    hovermode: "x unified",
    hoverlabel: { namelength: 40 },
    dragmode: byTouch.matches ? false : "zoom",
    xaxis: {
      type: chart.isTime ? "date" : "linear", title: { text: chart.xTitle }, gridcolor: colour("--line"),
      linecolor: colour("--line"), zeroline: false, anchor: panels.length > 1 ? `y${panels.length}` : "y",
      automargin: true,
    },
    shapes: [],
    annotations: [],
  };
  const traces = [];
  const named = new Set();
  panels.forEach((panel, k) => {
    const [axis, ref] = k ? [`yaxis${k + 1}`, `y${k + 1}`] : ["yaxis", "y"];
    const top = 1 - k * (size + gap);
    layout[axis] = {
      domain: [Math.max(0, top - size), top], type: panel.log ? "log" : "linear", gridcolor: colour("--line"),
      linecolor: colour("--line"), zeroline: false, automargin: true, nticks: 6, minor: { showgrid: false },
      ...(panel.log ? { tickvals: TICKS, ticktext: TICKS.map(String) } : {}),
    };
    layout.annotations.push({
      text: escaped(panel.title), xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom",
      showarrow: false, font: { color: colour("--ink"), size: 13, weight: 600 },
    });
    for (const line of panel.lines) {
      const role = ROLES[line.role];
      const x = numbers(line.x, Float64Array);
      traces.push({
        x, y: numbers(line.y, Float32Array), yaxis: ref, name: escaped(line.name),
        mode: x.length <= FEW ? "lines+markers" : "lines", marker: { size: 4, color: colour(role.colour) },
        type: "scatter", connectgaps: false, legendgroup: line.name,
        showlegend: !named.has(line.name),
        line: { color: colour(role.colour), dash: role.dash, width: role.width, shape: role.shape || "linear" },
      });
      named.add(line.name);
    }
    if (panel.limit !== null) {
      layout.shapes.push({
        type: "line", xref: "paper", x0: 0, x1: 1, yref: ref, y0: panel.limit, y1: panel.limit,
        line: { color: colour("--limit"), dash: "dashdot", width: 1.4 },
      });
    }
  });
  if (chart.bands.length) {
    // One outline for all: thousands of shapes would be slow.
    const [x, y] = [[], []];
    for (const [from, to] of chart.bands) {
      x.push(from, from, to, to, from, null);
      y.push(0, 1, 1, 0, 0, null);
    }
    layout.yaxis99 = { domain: [0, 1], range: [0, 1], visible: false, fixedrange: true, overlaying: "y", layer: "below traces" };
    traces.unshift({
      x, y, yaxis: "y99", name: chart.bandName, type: "scatter", mode: "lines", fill: "toself",
      fillcolor: colour("--band"), line: { width: 1, color: colour("--band") }, hoverinfo: "skip",
    });
  }
  return { traces, layout };
}

function chartOf(place) {
  const name = place.dataset.chart;
  const chart = DATA.charts[name];
  const choice = document.querySelector(`[data-choices="${name}"]`);
  return choice ? { ...chart, panels: [chart.panels[0], DATA.sensors[Number(choice.value)]] } : chart;
}

function draw(place) {
  const { traces, layout } = figure(chartOf(place), printing);
  const before = place.layout && place.layout.xaxis;
  if (before && !before.autorange) layout.xaxis.range = before.range;
  if (printing) layout.width = 680;
  place.style.minHeight = `${layout.height}px`;
  drawn.add(place);
  return Plotly.react(place, traces, layout, {
    responsive: !printing, displaylogo: false, modeBarButtons: BUTTONS,
    displayModeBar: printing || byTouch.matches || onPhone.matches ? false : "hover",
  });
}

function move(place, how) {
  if (!place.layout) return;
  const axis = place._fullLayout.xaxis;
  if (how === "all") {
    Plotly.relayout(place, { "xaxis.autorange": true });
    return;
  }
  const [a, b] = axis.range.map((end) => axis.r2l(end));
  const [centre, half] = [(a + b) / 2, (b - a) / 2];
  const scale = { in: 0.5, out: 2 }[how] || 1;
  const shift = { left: -half / 2, right: half / 2 }[how] || 0;
  Plotly.relayout(place, { "xaxis.range": [-1, 1].map((side) => axis.l2r(centre + shift + side * half * scale)) });
}

const KEYS = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all" };
const places = [...document.querySelectorAll("[data-chart]")];
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) {
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  }
}, { rootMargin: "600px" });
for (const place of places) {
  place.style.minHeight = `${heightOf(chartOf(place))}px`; // a link must not lead to where its section was before
  watcher.observe(place);
  place.addEventListener("keydown", (event) => {
    if (KEYS[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      move(place, KEYS[event.key]);
    }
  });
}
for (const button of document.querySelectorAll("[data-move]")) {
  const place = document.querySelector(`[data-chart="${button.parentElement.dataset.for}"]`);
  button.addEventListener("click", () => move(place, button.dataset.move));
}
for (const choice of document.querySelectorAll("[data-choices]")) {
  choice.addEventListener("change", () => draw(document.querySelector(`[data-chart="${choice.dataset.choices}"]`)));
}
const redraw = () => drawn.forEach(draw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
onPhone.addEventListener("change", redraw);
window.addEventListener("beforeprint", () => {
  printing = true;
  places.forEach(draw);
});
window.addEventListener("afterprint", () => {
  printing = false;
  redraw();
});

// Tables: a heading's button sorts, the fields above filter.
function value(row, column, asNumber) {
  const text = row.cells[column].textContent;
  return asNumber ? parseFloat(text.replace(/[^\d.eE+-]/g, "")) || 0 : text;
}

for (const table of document.querySelectorAll("[data-table]")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const asNumber = heading.classList.contains("number");
      const rows = [...table.tBodies[0].rows].sort((one, other) => {
        const [a, b] = [value(one, column, asNumber), value(other, column, asNumber)];
        return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1);
      });
      table.tBodies[0].append(...rows);
    });
  });
  const name = table.dataset.table;
  const [find, severity, count] = ["filter", "severity", "count"].map((what) => document.querySelector(`[data-${what}="${name}"]`));
  if (!find) continue;
  const filter = () => {
    const wanted = find.value.toLowerCase();
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const fits = row.textContent.toLowerCase().includes(wanted)
        && (!severity.value || [...row.cells].some((cell) => cell.textContent === severity.value));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${table.tBodies[0].rows.length} shown`;
  };
  find.addEventListener("input", filter);
  severity.addEventListener("change", filter);
  filter();
}
