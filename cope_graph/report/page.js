// The heat map says the figures of the cell under the pointer, or where the arrow keys lead.
"use strict";
(() => {
  const data = document.getElementById("cells");
  const map = document.getElementById("map");
  const readout = document.getElementById("readout");
  if (!data || !map || !readout) return;
  const { tau1, tau2, used, places, maps, multiple } = JSON.parse(data.textContent);
  const narrow = window.matchMedia("screen and (max-width: 760px)");
  const frames = maps.map(() => {
    const frame = document.createElement("div");
    frame.className = "cell";
    frame.hidden = true;
    map.append(frame);
    return frame;
  });
  let at = used;

  const boxes = () => places[narrow.matches ? "narrow" : "wide"];
  const part = (kind, ...children) => {
    const span = document.createElement("span");
    span.className = kind;
    span.append(...children);
    return span;
  };
  const strong = (text) => {
    const bold = document.createElement("b");
    bold.textContent = text;
    return bold;
  };

  const say = () => {
    const [i, j] = at;
    const where = `thresholds ${tau1[i]} and ${tau2[j]}${i === used[0] && j === used[1] ? " (in use)" : ""}`;
    const figures = maps.map(({ name, says }) => {
      const figure = says[i][j];
      return [part("figure", `${name} `, strong(figure), figure.endsWith("×") ? ` of ${multiple}` : ""), " "];
    });
    readout.replaceChildren(part("at", where), " ", ...figures.flat());
  };

  const frame = () => {
    boxes().forEach(([left, top, width, height], index) => {
      const across = width / tau1.length;
      const down = height / tau2.length;
      const style = frames[index].style;
      frames[index].hidden = false;
      style.left = `${100 * (left + at[0] * across)}%`;
      style.top = `${100 * (top + height - (at[1] + 1) * down)}%`;
      style.width = `${100 * across}%`;
      style.height = `${100 * down}%`;
    });
  };

  const go = (cell) => {
    at = cell;
    say();
    frame();
  };
  const within = (value, count) => Math.min(Math.max(value, 0), count - 1);

  map.addEventListener("pointermove", (event) => {
    const area = map.getBoundingClientRect();
    const x = (event.clientX - area.left) / area.width;
    const y = (event.clientY - area.top) / area.height;
    const box = boxes().find(([left, top, width, height]) =>
      x >= left && x < left + width && y >= top && y < top + height);
    if (!box) return;
    const [left, top, width, height] = box;
    go([
      within(Math.floor(((x - left) / width) * tau1.length), tau1.length),
      within(Math.floor((1 - (y - top) / height) * tau2.length), tau2.length),
    ]);
  });
  map.addEventListener("keydown", (event) => {
    const [i, j] = at;
    const moves = {
      ArrowLeft: [i - 1, j], ArrowRight: [i + 1, j], ArrowUp: [i, j + 1], ArrowDown: [i, j - 1],
      Home: used, Escape: used,
    };
    const next = moves[event.key];
    if (!next) return;
    event.preventDefault();
    go([within(next[0], tau1.length), within(next[1], tau2.length)]);
  });
  map.addEventListener("focus", () => go(at));
  narrow.addEventListener("change", () => { if (!frames[0].hidden) frame(); });
  say();
})();
