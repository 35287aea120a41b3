// Draws the hive once, then only changes what changed, so that cells light up instead of flickering.
const NS = "http://www.w3.org/2000/svg";
const RADIUS = 46; // of a drawn cell; its place is computed for a slightly larger one, which leaves a gap
const GAP = 49;
const CORNERS = [0, 1, 2, 3, 4, 5].map((i) => {
  const angle = (Math.PI / 180) * (60 * i - 90);
  return [Math.cos(angle), Math.sin(angle)];
});
const SIGNS = {
  answered: "M-5 0 -1.5 3.5 5 -3.5",
  computing: "M-5 0h.01M0 0h.01M5 0h.01",
  waiting: "",
  dropped: "M-5 0H5",
  refused: "M-4 -4 4 4M4 -4 -4 4",
};

const element = (name, attributes = {}, text) => {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const hexagon = (radius) => CORNERS.map(([x, y]) => `${(x * radius).toFixed(2)},${(y * radius).toFixed(2)}`).join(" ");
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function hatch() {
  const pattern = element("pattern", {
    id: "mh-hatch", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  pattern.append(element("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 7 }));
  const defs = element("defs");
  defs.append(pattern);
  return defs;
}

function drawCell(place, size, index) {
  const group = element("g", { transform: `translate(${place.x * GAP} ${place.y * GAP})` });
  group.style.setProperty("--wait", `${Math.min(index, 20) * 35}ms`);
  group.append(element("title"));
  group.append(element("polygon", { class: "shape", points: hexagon(RADIUS) }));
  if (size === "group") {
    const clip = element("clipPath", { id: `mh-clip-${index}` });
    clip.append(element("polygon", { points: hexagon(RADIUS - 1.5) }));
    const holder = element("g", { "clip-path": `url(#mh-clip-${index})` });
    holder.append(element("rect", {
      class: "level", x: -RADIUS, y: -RADIUS, width: 2 * RADIUS, height: 2 * RADIUS,
    }));
    group.append(clip, holder);
  }
  const sign = element("path", { class: "sign" });
  if (size === "named") {
    const two = place.lines.length > 1;
    sign.setAttribute("transform", "translate(0 -26)");
    place.lines.forEach((line, i) => {
      group.append(element("text", { class: "name", y: two ? -8 + i * 14 : -2 }, line));
    });
    group.append(element("text", { class: "detail", y: two ? 22 : 16 }, place.detail));
  } else {
    sign.setAttribute("transform", "translate(0 22) scale(1.5)");
    group.append(element("text", { class: "name", y: 5, style: "font-size:24px" }, place.lines[0]));
  }
  group.append(sign);
  return group;
}

function draw(figure, data) {
  figure.replaceChildren();
  const xs = [0, ...data.cells.map((cell) => cell.x * GAP)];
  const ys = [0, ...data.cells.map((cell) => cell.y * GAP)];
  const [left, right] = [Math.min(...xs) - RADIUS, Math.max(...xs) + RADIUS];
  const [top, bottom] = [Math.min(...ys) - RADIUS - 2, Math.max(...ys) + RADIUS + 2];
  const svg = element("svg", {
    role: "img", viewBox: `${left} ${top} ${right - left} ${bottom - top}`, preserveAspectRatio: "xMidYMid meet",
  });
  // A hive of few cells should not fill the column with giants.
  svg.style.maxHeight = `${Math.min(430, (bottom - top) * 1.15)}px`;
  const spokes = element("g");
  const cells = data.cells.map((place, index) => {
    spokes.append(element("line", { class: "spoke", x1: 0, y1: 0, x2: place.x * GAP, y2: place.y * GAP }));
    return drawCell(place, data.size, index);
  });
  const core = element("g");
  core.append(element("polygon", { class: "core", points: hexagon(RADIUS) }));
  if (data.rounds > 0) {
    core.append(element("text", { class: "core-number", y: 5 }), element("text", { class: "core-words", y: 22 }));
  } else {
    core.append(element("path", { class: "core-mark", d: "M0 -13V13M-13 0H13" }));
  }
  svg.append(hatch(), spokes, ...cells, core);
  const caption = document.createElement("figcaption");
  caption.append(document.createElement("div"), document.createElement("ul"));
  caption.lastChild.className = "legend";
  figure.append(svg, caption);
  return { svg, cells, spokes: [...spokes.children], core, caption, states: [] };
}

function legend(list, data) {
  list.replaceChildren(...data.legend.map(([state, word, count]) => {
    const item = document.createElement("li");
    const icon = element("svg", { viewBox: "-50 -50 100 100", "aria-hidden": "true" });
    const group = element("g", { class: `single ${state}` });
    group.append(element("polygon", { class: "shape", points: hexagon(44) }));
    icon.append(group);
    item.append(icon, `${count} ${word}`);
    return item;
  }));
}

function travel(drawn, place, wait) {
  const dot = element("circle", { class: "dot", r: 4.5, cx: 0, cy: 0 });
  drawn.svg.insertBefore(dot, drawn.core);
  const from = `translate(${place.x * GAP}px, ${place.y * GAP}px)`;
  const played = dot.animate([{ transform: from, opacity: 0 }, { opacity: 1 }, { transform: "translate(0, 0)", opacity: 1 }], {
    duration: 600, delay: wait, easing: "ease-in", fill: "backwards",
  });
  played.onfinish = () => dot.remove();
  played.oncancel = () => dot.remove();
}

function update(drawn, data, first) {
  drawn.svg.setAttribute("aria-label", data.label);
  const lively = !first && !calm() && data.size === "named";
  const newRound = data.round > drawn.round; // every site that answered has sent an update since
  drawn.round = data.round;
  data.cells.forEach((place, index) => {
    const group = drawn.cells[index];
    group.setAttribute("class", `${data.size === "group" ? "group" : "single"} ${place.state}`);
    group.querySelector("title").textContent = place.title;
    group.querySelector(".sign").setAttribute("d", data.size === "group" ? "" : SIGNS[place.state] ?? "");
    const level = group.querySelector(".level");
    if (level) level.style.transform = `translateY(${(1 - place.share) * 2 * RADIUS}px)`;
    drawn.spokes[index].classList.toggle("on", place.state === "answered" && data.size === "named");
    const arrived = place.state === "answered" && (newRound || drawn.states[index] !== "answered");
    if (arrived && lively) travel(drawn, place, index * 25);
    drawn.states[index] = place.state;
  });
  if (data.rounds > 0) {
    const number = drawn.core.querySelector(".core-number");
    const before = number.textContent;
    number.textContent = data.round;
    // Too small to read in a crowd; the caption says it too.
    drawn.core.querySelector(".core-words").textContent = data.size === "group" ? "" : `of ${data.rounds} rounds`;
    if (!first && before !== String(data.round)) {
      const shape = drawn.core.querySelector(".core");
      shape.classList.remove("beat");
      void shape.getBoundingClientRect(); // lets the animation start anew
      shape.classList.add("beat");
    }
  }
  const each = data.size === "group" ? ` · A cell stands for up to ${data.group} sites.` : "";
  drawn.caption.firstChild.textContent = data.caption + each;
  legend(drawn.caption.lastChild, data);
}

export default function (component) {
  const { data, parentElement } = component;
  const figure = parentElement.querySelector(".hive");
  const shape = JSON.stringify([data.size, data.rounds > 0, data.cells.map((c) => [c.x, c.y, c.lines, c.detail])]);
  const first = figure.dataset.shape !== shape;
  if (first) {
    figure.drawn = draw(figure, data);
    figure.dataset.shape = shape;
  }
  update(figure.drawn, data, first);
}
