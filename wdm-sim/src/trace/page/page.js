"use strict";

// How many events are drawn at a time.
const AT_A_TIME = 1000;
const ROW = 22;
const LOOKS = {
  operation: ["", "operation"], failed: ["", "failed operation"], pass: ["", "pass"],
  block: ["\u2715", "block"], bypass: ["\u00bb", "bypass"], keep: ["", "keep"],
  override: ["\u2260", "override"], context: ["c", "context"], driver: ["", "driver"],
  finding: ["!", "finding"], print: ["p", "printed line"],
};

const data = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);

// Names reach the document as text, never as markup.
function element(name, properties, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function sign(look) {
  const mark = element("span", { className: "sign " + look }, LOOKS[look][0] || "\u00a0");
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

function row(table, cells) {
  at(table).tBodies[0].append(element("tr", {}, ...cells.map(([className, ...content]) =>
    element("td", { className }, ...content.map(part => part instanceof Node ? part : String(part))))));
}

function head() {
  document.title = data.title + " \u2013 wdm-sim";
  at("title").textContent = data.title;
  for (const [name, value] of data.summary) {
    const bad = name === "findings" && value !== "0";
    at("summary").append(element("div", { className: bad ? "bad" : "" },
      element("dt", {}, name), element("dd", {}, value)));
  }
}

function tables() {
  for (const found of data.findings) {
    row("findings", [["short", found.rule], ["name", found.call], ["short", found.driver],
      ["", found.detail], ["number", found.times]]);
  }
  for (const given of data.verdicts) {
    const detail = given.detail === null ? "" : ` "${given.detail}"`;
    row("verdicts", [["short", `${given.callback.altitude} ${given.callback.driver}`],
      ["short", given.operation], ["name", given.key + detail],
      ["", sign(given.look), given.result], ["number", given.times]]);
  }
  for (const name of ["findings", "verdicts"]) {
    at(name).hidden = data[name].length === 0;
    at(name + "-none").hidden = data[name].length > 0;
  }
  if (data.verdicts_left_out > 0) {
    at("verdicts-left-out").hidden = false;
    at("verdicts-left-out").textContent =
      `${data.verdicts_left_out} more different verdicts are in the trace and not in this table.`;
  }
  at("printed").textContent = data.printed.join("\n");
  at("printed-none").hidden = data.printed.length > 0;
}

function leftOut() {
  const told = [];
  const beyond = data.events_recorded - data.events.length;
  if (beyond > 0) {
    told.push(`This page has the first ${data.events.length} events; the trace has ${beyond} more.`);
  }
  if (data.events_left_out > 0) {
    told.push(`${data.events_left_out} events were not recorded: the trace had no room for them.`);
  }
  at("events-left-out").hidden = told.length === 0;
  at("events-left-out").textContent = told.join(" ");
}

// ---- The timeline

const view = { first: 0, zoom: 1, byTime: false, selected: null, nodes: [] };

const shownEvents = () => data.events.slice(view.first, view.first + AT_A_TIME);

// Gives each moment its place from the left.
function scale(events) {
  const moments = events.flatMap(event => event.ended ? [event.began, event.ended] : [event.began]);
  if (view.byTime) {
    const times = moments.map(moment => moment[1]);
    const start = times.reduce((a, b) => Math.min(a, b), Infinity);
    const end = times.reduce((a, b) => Math.max(a, b), -Infinity);
    const width = Math.max(900, at("scroll").clientWidth - 20) * view.zoom;
    const factor = width / Math.max(1, end - start);
    return { width: width + 20, of: moment => (moment[1] - start) * factor };
  }
  const numbers = [...new Set(moments.map(moment => moment[0]))].sort((a, b) => a - b);
  const places = new Map(numbers.map((number, place) => [number, place]));
  const unit = 18 * view.zoom;
  return { width: (numbers.length + 1) * unit, of: moment => places.get(moment[0]) * unit };
}

// The rows from the top: a heading for each thread, and its tracks, as high as they nest.
function layOut(events) {
  const levels = new Map();
  for (const { track, level } of events) levels.set(track, Math.max(levels.get(track) ?? 0, level));
  const rows = new Map();
  let top = 0;
  let thread = null;
  at("names").replaceChildren();
  data.tracks.forEach((track, index) => {
    if (!levels.has(index)) return;
    if (track.thread !== thread) {
      thread = track.thread;
      const name = `${track.program || "no program"} \u00b7 ${thread}`;
      const heading = element("div", { className: "thread", title: name }, name);
      heading.style.height = ROW + "px";
      at("names").append(heading);
      top += ROW;
    }
    const height = (levels.get(index) + 1) * ROW;
    const label = element("div", { className: "track", title: track.name }, track.name);
    label.style.height = height + "px";
    at("names").append(label);
    rows.set(index, top);
    top += height;
  });
  return { rows, height: top };
}

function drawEvent(event, index, places, rows) {
  const x = places.of(event.began) + 1;
  const y = rows.get(event.track) + event.level * ROW + 2;
  const [mark, kind] = LOOKS[event.look];
  const group = svg("g", { class: `event ${event.look}${event.unfinished ? " unfinished" : ""}` });
  group.append(svg("title", {}, `${kind}: ${event.text}`));
  if (event.ended === undefined) {
    group.append(svg("circle", { cx: x + 7, cy: y + 9, r: 7 }),
      svg("text", { x: x + 7, y: y + 13, "text-anchor": "middle" }, mark));
  } else {
    const width = Math.max(2, places.of(event.ended) - places.of(event.began) - 1);
    group.append(svg("rect", { x, y, width, height: ROW - 4, rx: 2 }));
    const room = Math.floor((width - 6) / 6.6);
    const short = event.title.replace(/^RegNt/, "");
    const label = mark ? `${mark} ${short}` : short;
    if (mark && room < 7 && width >= 10) {
      group.append(svg("text", { x: x + width / 2, y: y + 13, "text-anchor": "middle" }, mark));
    } else if (room >= 7) {
      const text = label.length > room ? label.slice(0, room - 1) + "\u2026" : label;
      group.append(svg("text", { x: x + 4, y: y + 13 }, text));
    }
  }
  group.addEventListener("click", () => select(index));
  return group;
}

function draw() {
  const events = shownEvents();
  const places = scale(events);
  const { rows, height } = layOut(events);
  const last = view.first + events.length;
  const picture = svg("svg", {
    width: Math.ceil(places.width), height: Math.max(height, ROW), tabindex: 0, role: "img",
    "aria-label": `${events.length} events; the same as text is below`,
  });
  for (const top of rows.values()) {
    picture.append(svg("line", { class: "rule", x1: 0, x2: places.width, y1: top, y2: top }));
  }
  view.nodes = events.map((event, index) => drawEvent(event, view.first + index, places, rows));
  picture.append(...view.nodes);
  picture.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = view.selected === null ? view.first : view.selected + step;
    if (next >= view.first && next < last) select(next);
  });
  at("scroll").replaceChildren(picture);
  at("range").textContent = events.length === 0 ? "no events"
    : `events ${view.first + 1} to ${last} of ${data.events.length}`;
  at("previous").disabled = view.first === 0;
  at("next").disabled = last === data.events.length;
  at("previous").hidden = at("next").hidden = data.events.length <= AT_A_TIME;
  if (view.selected !== null) mark(view.selected);
  if (at("text").open) writeText();
}

function mark(index) {
  for (const node of view.nodes) node.classList.remove("selected");
  const node = view.nodes[index - view.first];
  if (node) node.classList.add("selected");
  return node;
}

function duration(nanoseconds) {
  if (nanoseconds < 1e3) return `${nanoseconds} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toFixed(1)} \u00b5s`;
  return `${(nanoseconds / 1e6).toFixed(2)} ms`;
}

function select(index) {
  view.selected = index;
  at("hint").hidden = true;
  const node = mark(index);
  if (node) node.scrollIntoView({ block: "nearest", inline: "nearest" });
  const event = data.events[index];
  const track = data.tracks[event.track];
  const facts = [
    ["event", event.text],
    ["where", `${track.program || "no program"} \u00b7 ${track.thread} \u00b7 ${track.name}`],
    ["order", `${event.began[0]}${event.ended ? ` to ${event.ended[0]}` : ""}`],
    ["began", `after ${duration(event.began[1])}`],
  ];
  if (event.unfinished) facts.push(["took", "it has not ended"]);
  else if (event.ended) facts.push(["took", duration(event.ended[1] - event.began[1])]);
  at("details").replaceChildren(...facts.flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, value)]));
}

function writeText() {
  const list = at("text").querySelector("ol");
  list.start = view.first + 1;
  list.replaceChildren(...shownEvents().map(event => {
    const track = data.tracks[event.track];
    return element("li", {}, `${track.program} ${track.thread}: ${"  ".repeat(event.level)}${event.text}`);
  }));
}

function controls() {
  for (const [look, [, name]] of Object.entries(LOOKS)) {
    at("legend").append(element("li", {}, sign(look), name));
  }
  const turn = by => {
    view.first += by;
    at("scroll").scrollLeft = 0;
    draw();
  };
  at("previous").addEventListener("click", () => turn(-AT_A_TIME));
  at("next").addEventListener("click", () => turn(AT_A_TIME));
  const zoom = by => {
    view.zoom = Math.min(64, Math.max(1 / 8, view.zoom * by));
    draw();
  };
  at("in").addEventListener("click", () => zoom(1.5));
  at("out").addEventListener("click", () => zoom(1 / 1.5));
  for (const choice of document.getElementsByName("scale")) {
    choice.addEventListener("change", () => {
      view.byTime = choice.value === "time";
      draw();
    });
  }
  at("text").addEventListener("toggle", () => at("text").open && writeText());
}

head();
tables();
leftOut();
controls();
draw();
document.documentElement.dataset.state = "ready";
