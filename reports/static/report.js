(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  const tip = document.getElementById("tip");
  const marks = JSON.parse(document.getElementById("marks").textContent);
  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const plots = [];
  const maps = [];
  let span = [marks.from, marks.to];
  let zooming = false;

  const write = (value) => {
    if (value == null) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e").replace(/-/g, "−");
    return String(+value.toPrecision(4)).replace("-", "−");
  };
  const percent = (share) => (share == null ? "–" : `${+(100 * share).toPrecision(3)} %`);

  // One zoom and one cursor for every chart, lane and map.
  const zoom = (from, to) => {
    if (zooming || !(to > from)) return;
    zooming = true;
    span = [from, to];
    for (const plot of plots) plot.setScale("x", { min: from, max: to });
    for (const bar of all(".lane i")) {
      const left = (100 * (+bar.dataset.from - from)) / (to - from);
      const right = (100 * (+bar.dataset.to - from)) / (to - from);
      const start = Math.max(0, Math.min(100, left));
      bar.style.left = `${start}%`;
      bar.style.width = `${Math.max(right < 0 || left > 100 ? 0 : 0.6, Math.min(100, right) - start)}%`;
      bar.style.visibility = right < 0 || left > 100 ? "hidden" : "visible";
    }
    zooming = false;
  };
  const whole = () => zoom(marks.from, marks.to);
  const point = (step) => {
    for (const map of maps) map.show(step);
  };

  const align = (data) => {
    // Series have steps of their own: undefined is "no value here, draw on", null is a gap.
    const places = new Set([data.from, data.to]);
    for (const series of data.series) {
      series.x.forEach((step) => places.add(step));
      series.bad.forEach((step) => places.add(step));
    }
    const steps = [...places].sort((a, b) => a - b);
    const index = new Map(steps.map((step, place) => [step, place]));
    const columns = data.series.map((series) => {
      const column = new Array(steps.length).fill(undefined);
      series.bad.forEach((step) => (column[index.get(step)] = null));
      series.x.forEach((step, place) => (column[index.get(step)] = series.y[place]));
      return column;
    });
    return [steps, ...columns];
  };

  const drawMarks = (data) => (plot) => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const inside = (step) => step >= plot.scales.x.min && step <= plot.scales.x.max;
    const shown = marks.onsets.filter((mark) => inside(mark.step)).sort((a, b) => a.step - b.step);
    const places = shown.map((onset) => Math.round(plot.valToPos(onset.step, "x", true)));
    // Flags that would cover one another move aside, and back from the right edge.
    const gap = 18 * ratio, flags = [...places];
    for (let i = 1; i < flags.length; i++) flags[i] = Math.max(flags[i], flags[i - 1] + gap);
    for (let i = flags.length - 1, edge = bbox.left + bbox.width + 2 * ratio; i >= 0; i--, edge -= gap) flags[i] = Math.min(flags[i], edge);
    shown.forEach((onset, i) => {
      const x = places[i], flag = flags[i], y = bbox.top - 11 * ratio;
      ctx.strokeStyle = ctx.fillStyle = color(`--${onset.severity}`);
      ctx.lineWidth = ratio;
      ctx.setLineDash([4 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(flag, y + 7 * ratio);
      ctx.lineTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillRect(flag - 8 * ratio, y - 7 * ratio, 16 * ratio, 14 * ratio);
      ctx.fillStyle = color("--paper");
      ctx.fillText(String(onset.number), flag, y + 0.5 * ratio);
    });
    ctx.setLineDash([]);
    ctx.fillStyle = color("--soft");
    for (const moment of marks.moments.filter((mark) => inside(mark.step))) {
      ctx.fillText(moment.glyph, plot.valToPos(moment.step, "x", true), bbox.top + bbox.height - 7 * ratio);
    }
    ctx.fillStyle = color("--error");
    for (const series of data.series) for (const step of series.bad.filter(inside)) ctx.fillText("✕", plot.valToPos(step, "x", true), bbox.top + 8 * ratio);
    ctx.restore();
  };

  const wholePowers = (_, ticks) => ticks.map((tick) => (Number.isInteger(+Math.log10(tick).toFixed(9)) ? tick : null));

  const draw = (figure) => {
    const box = figure.querySelector(".plot");
    const data = JSON.parse(figure.querySelector("script.data").textContent);
    const still = box.querySelector("svg");
    const height = figure.parentElement.classList.contains("pair") ? 190 : 260;
    const axis = { stroke: () => color("--soft"), grid: { stroke: () => color("--grid"), width: 1 }, ticks: { stroke: () => color("--grid"), width: 1 }, font: "11px system-ui, sans-serif" };
    const columns = align(data);
    const plot = new uPlot(
      {
        width: box.clientWidth,
        height,
        padding: [20, 10, 0, 0],
        cursor: { sync: { key: "steps", setSeries: false, scales: ["x", null] }, drag: { x: true, y: false }, focus: { prox: 24 } },
        focus: { alpha: 0.35 },
        legend: { markers: { width: 2 } },
        scales: { x: { time: false }, y: { distr: data.log ? 3 : 1 } },
        axes: [
          { ...axis, size: 30, space: 80, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString("en").replace(/,/g, "\u202f") : "")) },
          { ...axis, size: 58, grid: { ...axis.grid, ...(data.log ? { filter: wholePowers } : {}) }, values: (_, ticks) => ticks.map((tick) => (tick == null ? "" : write(tick))) },
        ],
        series: [
          { label: "step", value: (_, step) => (step == null ? "–" : step < 0 ? "start" : String(step)) },
          ...data.series.map((series, place) => ({
            label: series.label,
            stroke: () => color(`--series-${place % 6}`),
            dash: series.dash,
            width: 1.6,
            points: { show: series.x.length < 40 ? undefined : false, size: 5 },
            value: (_, value) => write(value),
          })),
        ],
        hooks: {
          draw: [drawMarks(data)],
          setScale: [(plot, key) => key === "x" && plot.ready && zoom(plot.scales.x.min, plot.scales.x.max)],
          setCursor: [(plot) => plot.cursor.idx != null && point(plot.data[0][plot.cursor.idx])],
          ready: [(plot) => (plot.ready = true)],
        },
      },
      columns,
      box
    );
    if (still) still.style.display = "none";
    data.series.forEach((series, place) => {
      const marker = plot.root.querySelectorAll(".u-legend .u-marker")[place + 1];
      if (marker) marker.style.borderBottom = `2px ${series.dash.length ? (series.dash[0] < 3 ? "dotted" : "dashed") : "solid"} ${color(`--series-${place % 6}`)}`;
    });
    box.tabIndex = 0;
    box.addEventListener("keydown", (event) => keys(event, plot));
    plots.push(plot);
    plot.setScale("x", { min: span[0], max: span[1] });
    new ResizeObserver(() => box.clientWidth && Math.abs(box.clientWidth - plot.width) > 1 && plot.setSize({ width: box.clientWidth, height })).observe(box);
  };

  const keys = (event, plot) => {
    const steps = plot.data[0];
    const now = plot.cursor.idx ?? 0;
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (move) {
      const next = Math.max(0, Math.min(steps.length - 1, now + move));
      plot.setCursor({ left: plot.valToPos(steps[next], "x"), top: 20 }, true, true);
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      const [from, to] = span;
      const half = ((to - from) / 2) * (event.key === "-" ? 2 : 0.5);
      const middle = event.key === "-" ? (from + to) / 2 : steps[now];
      zoom(Math.max(marks.from, middle - half), Math.min(marks.to, middle + half));
    } else if (event.key === "Escape") whole();
    else return;
    event.preventDefault();
  };

  const tell = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = !text;
    if (!text) return;
    const wide = tip.offsetWidth, high = tip.offsetHeight;
    tip.style.left = `${Math.max(6, Math.min(innerWidth - wide - 6, x + 14))}px`;
    tip.style.top = `${y + high + 22 > innerHeight ? y - high - 12 : y + 16}px`;
  };

  const watch = (figure) => {
    const data = JSON.parse(figure.querySelector("script.data").textContent);
    const cells = figure.querySelector(".cells");
    const cursor = cells.querySelector(".cursor");
    const bad = new Set(data.bad.map(([row, column]) => `${row},${column}`));
    const rows = data.rows.length, columns = data.from.length;
    let at = [0, 0];
    const say = (row, column, x, y) => {
      at = [row, column];
      const value = data.values[row][column];
      const text = bad.has(`${row},${column}`) ? `NaN or infinite${value == null ? "" : `, else up to ${write(value)}`}` : data.share ? percent(value) : write(value);
      const steps = data.columns ? data.columns[column] : data.from[column] === data.to[column] ? `step ${data.from[column]}` : `steps ${data.from[column]} to ${data.to[column]}`;
      tell(`${data.rows[row]}, ${steps}: ${value == null && text === "–" ? "not recorded" : text}`, x, y);
    };
    cells.addEventListener("pointermove", (event) => {
      const box = cells.getBoundingClientRect();
      const column = Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns)));
      const row = Math.min(rows - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * rows)));
      say(row, column, event.clientX, event.clientY);
      if (!data.columns) point(data.from[column]);
    });
    cells.addEventListener("pointerleave", () => tell(""));
    cells.addEventListener("blur", () => tell(""));
    cells.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!move) return event.key === "Escape" && tell("");
      event.preventDefault();
      const row = Math.max(0, Math.min(rows - 1, at[0] + move[0])), column = Math.max(0, Math.min(columns - 1, at[1] + move[1]));
      const box = cells.getBoundingClientRect();
      say(row, column, box.left + ((column + 0.5) / columns) * box.width, box.top + ((row + 0.5) / rows) * box.height);
      if (!data.columns) point(data.from[column]);
    });
    if (data.columns) return;
    maps.push({
      show: (step) => {
        let column = data.from.findLastIndex((from) => from <= step);
        cursor.hidden = column < 0;
        cursor.style.left = `${(100 * (column + 0.5)) / columns}%`;
      },
    });
  };

  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "300px" }
  );
  all("figure.chart").forEach((figure) => seen.observe(figure));
  all("figure.map").forEach(watch);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach((plot) => plot.redraw(false, true)));

  for (const button of all(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => (button.textContent = "Copy"), 1600);
    });
  }

  const filter = document.getElementById("filter");
  if (filter) {
    const rows = all(".index tbody tr");
    const boxes = all(".filter [type=checkbox]");
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const levels = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      const kept = rows.filter((row) => {
        const text = `${row.textContent} ${all("[title]", row).map((part) => part.title).join(" ")}`.toLowerCase();
        const show = levels.has(row.dataset.severity) && words.every((word) => text.includes(word));
        row.hidden = !show;
        return show;
      });
      const checks = new Set(kept.map((row) => row.dataset.check));
      all(".finding").forEach((block) => (block.hidden = !checks.has(block.dataset.check)));
      document.getElementById("filter-count").textContent = kept.length === rows.length ? "" : `${kept.length} of ${rows.length}`;
    };
    filter.form.addEventListener("submit", (event) => event.preventDefault());
    filter.form.addEventListener("input", apply);
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/input|textarea/i.test(document.activeElement.tagName)) {
        event.preventDefault();
        filter.focus();
      }
    });
  }
  for (const tabs of all(".tabs")) {
    tabs.addEventListener("click", (event) => {
      const split = event.target.dataset?.split;
      if (split === undefined) return;
      all("button", tabs).forEach((button) => button.setAttribute("aria-pressed", String(button === event.target)));
      all(".cards li", tabs.parentElement).forEach((card) => (card.hidden = split !== "" && card.dataset.split !== split));
    });
  }

  const links = all(".nav-inner a");
  const here = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        links.forEach((link) => link.classList.toggle("here", link.getAttribute("href") === `#${entry.target.id}`));
      }
    },
    { rootMargin: "-20% 0px -70% 0px" }
  );
  links.map((link) => document.querySelector(link.getAttribute("href"))).filter(Boolean).forEach((section) => here.observe(section));

  const unhide = () => {
    // A link to a finding that the filter hides shows it again.
    const target = !location.hash ? null : document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const hidden = target?.closest("[hidden]");
    if (hidden) hidden.hidden = false;
    const folded = target?.querySelector("details") ?? target?.closest("details");
    if (folded && target.closest(".others")) folded.open = true;
  };
  addEventListener("hashchange", unhide);
  unhide();
})();
