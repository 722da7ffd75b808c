// Charts of a page: <hub-chart> draws with ECharts what a URL or its own JSON holds, <hub-trend> with uPlot what then follows the stream.
const root = document.documentElement;
const lang = root.lang || "en";
const { number } = globalThis.hub;

let probe; // one element that tells what a colour token is now
const colour = (token) => {
  probe ??= document.body.appendChild(Object.assign(document.createElement("i"), { hidden: true }));
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${token})`;
  return getComputedStyle(probe).color;
};
const size = () => Math.max(11, Math.round(parseFloat(getComputedStyle(root).fontSize) * 0.75));
const family = () => getComputedStyle(document.body).fontFamily;
const clocks = {};
const clock = (zone, parts) => (clocks[zone + JSON.stringify(parts)] ??= new Intl.DateTimeFormat(lang, { timeZone: zone, hourCycle: "h23", ...parts }));
const MINUTES = { hour: "2-digit", minute: "2-digit" };
const SECONDS = { ...MINUTES, second: "2-digit" };
const DATE = { month: "2-digit", day: "2-digit" };
const significant = (value) => number(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

// --- what every chart has ---
const frame = (names) => {
  const text = colour("--text-2"), fontSize = size();
  return {
    animation: false,
    aria: { enabled: true },
    useUTC: true,
    textStyle: { fontFamily: family(), color: text },
    grid: { left: 8, right: 14, top: names ? fontSize * 2.4 : 10, bottom: 4, containLabel: true },
    legend: names && { top: 0, left: 0, itemWidth: 14, itemHeight: 8, icon: "roundRect", textStyle: { color: text, fontSize } },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colour("--surface"), borderColor: colour("--line-2"),
      textStyle: { color: colour("--text"), fontSize: 12 }, axisPointer: { lineStyle: { color: colour("--line-2") } },
    },
  };
};
const across = (extra) => ({
  axisLine: { lineStyle: { color: colour("--line-2") } }, axisTick: { show: false }, splitLine: { show: false },
  ...extra, axisLabel: { color: colour("--text-2"), fontSize: size(), hideOverlap: true, ...extra?.axisLabel },
});
const up = (extra) => ({
  type: "value", axisLabel: { color: colour("--text-2"), fontSize: size(), formatter: (v) => number(v, Number.isInteger(v) ? 0 : v * 10 % 1 ? 2 : 1) },
  splitLine: { lineStyle: { color: colour("--line") } }, ...extra,
});
const line = (name, data, token, extra) => ({
  name, data, type: "line", showSymbol: false, connectNulls: false, lineStyle: { width: 2, color: colour(token) }, itemStyle: { color: colour(token) }, ...extra,
});
const rows = (params, head, unit) => [head, ...params.filter((p) => (p.value?.[1] ?? p.value) != null)
  .map((p) => `${p.marker} ${p.seriesName}  ${significant(p.value?.[1] ?? p.value)} ${unit(p)}`)].join("\n");

const KINDS = {
  // today and yesterday over the hours of a day
  load(d, names) {
    const b = frame(names);
    return {
      ...b, tooltip: { ...b.tooltip, formatter: (ps) => rows(ps, ps[0].name, () => d.unit) },
      xAxis: across({ type: "category", boundaryGap: false, data: d.x, axisLabel: { interval: (i) => i % 12 === 0 } }), yAxis: up({ min: 0 }),
      series: [
        line(names[0], d.today, "--data", { z: 3, showSymbol: d.today.filter((v) => v != null).length < 3, showAllSymbol: true, symbolSize: 6 }),
        line(names[1], d.yesterday, "--data-2", { lineStyle: { width: 1.5, color: colour("--data-2") } }),
      ],
    };
  },
  // bars by order, a tick for each limit
  harmonics(d, names) {
    const b = frame(d.limits.length ? names : null), wide = d.x.length > 30;
    return {
      ...b, tooltip: { ...b.tooltip, formatter: (ps) => rows(ps, ps[0].name, () => "%") },
      xAxis: across({ type: "category", data: d.x.map(String), axisLabel: { interval: wide ? 4 : 0 } }), yAxis: up({ min: 0 }),
      series: [
        { type: "bar", name: names[0], data: d.values, barMaxWidth: 18, itemStyle: { color: colour("--data") } },
        ...(d.limits.length ? [{ type: "scatter", name: names[1], symbol: "rect", symbolSize: [wide ? 11 : 22, 2], data: d.limits, itemStyle: { color: colour("--text-3") }, z: 4 }] : []),
      ],
    };
  },
  // points over time, one panel for each unit
  lines(d, _names, height) {
    const b = frame(null), fontSize = size(), n = d.panels.length;
    const time = (x) => new Date(x - d.offset);
    const long = d.to - d.from > 36 * 3600e3;
    const tick = clock(d.zone, long ? { ...DATE, ...(d.step === "day" ? {} : MINUTES) } : d.step === "raw" && d.to - d.from < 36e5 ? SECONDS : MINUTES);
    const full = clock(d.zone, { year: "numeric", ...DATE, ...(d.step === "raw" ? SECONDS : MINUTES) });
    const each = Math.floor((height - 4) / n), head = fontSize + 12, foot = fontSize + 14;
    const units = d.panels.flatMap((p) => p.series.map(() => p.unit));
    const shift = (s) => (s.t ?? d.t).map((t, i) => [t + d.offset, s.values[i]]);
    return {
      ...b, legend: undefined,
      tooltip: { ...b.tooltip, formatter: (ps) => rows(ps, full.format(time(ps[0].axisValue)), (p) => units[p.seriesIndex]) },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      grid: d.panels.map((_, i) => ({ left: 60, right: 24, top: i * each + head, height: each - head - foot })),
      xAxis: d.panels.map((_, i) => across({ type: "time", gridIndex: i, min: d.from + d.offset, max: d.to + d.offset, axisLabel: { formatter: (x) => tick.format(time(x)) } })),
      yAxis: d.panels.map((p, i) => up({ gridIndex: i, scale: !p.zero, splitNumber: Math.max(2, Math.round((each - head - foot) / 45)), name: p.unit, nameGap: 8, nameTextStyle: { color: colour("--text-3"), align: "right", fontSize, padding: [0, 6, 0, 0] } })),
      dataZoom: [{ type: "inside", xAxisIndex: d.panels.map((_, i) => i), zoomOnMouseWheel: "ctrl", filterMode: "none" }],
      series: d.panels.flatMap((p, i) => p.series.map((s) => (s.bars
        ? { type: "bar", name: s.name, data: shift(s), barMaxWidth: 18, itemStyle: { color: colour(s.colour) } }
        : line(s.name, shift(s), s.colour, { step: s.step ? "end" : undefined, lineStyle: { width: 1.5, color: colour(s.colour) }, showSymbol: s.values.length < 3 }))).map((s) => ({ ...s, xAxisIndex: i, yAxisIndex: i }))),
    };
  },
};

// --- the elements ---
class Loaded extends HTMLElement {
  async connectedCallback() {
    this.setAttribute("role", "img");
    this.setAttribute("aria-label", this.dataset.label || "");
    this.again = () => this.isConnected && !document.hidden && this.load();
    this.themed = () => this.draw?.();
    addEventListener("hub:theme", this.themed);
    addEventListener("hub:refresh", this.again);
    if (this.dataset.every) this.timer = setInterval(this.again, this.dataset.every * 1e3);
    this.sized = new ResizeObserver(() => this.resize());
    this.library = await this.constructor.library();
    if (!this.isConnected) return;
    await this.load();
    this.sized.observe(this);
  }
  disconnectedCallback() {
    clearInterval(this.timer);
    removeEventListener("hub:theme", this.themed);
    removeEventListener("hub:refresh", this.again);
    this.sized?.disconnect();
    this.dispose();
  }
  async load() {
    const inline = this.querySelector("script[type='application/json']");
    try {
      const reply = inline ? null : await fetch(this.getAttribute("src"), { cache: "no-cache" });
      if (reply && !reply.ok) throw new Error((await reply.json()).title);
      this.data = inline ? JSON.parse(inline.textContent) : await reply.json();
      this.fault?.remove();
      this.fault = null;
    } catch (error) {
      if (!this.data) this.fail(error.message);
      return;
    }
    if (this.isConnected) this.draw();
  }
  fail(text) {
    this.fault?.remove();
    const again = Object.assign(document.createElement("button"), { className: "btn", textContent: this.dataset.again || "↻" });
    again.addEventListener("click", () => this.load());
    this.fault = Object.assign(document.createElement("p"), { className: "empty", textContent: text + " " });
    this.fault.append(again);
    this.append(this.fault);
  }
}

customElements.define("hub-chart", class extends Loaded {
  static library = () => import("../vendor/echarts-6.1.0/echarts.esm.min.mjs");
  draw() {
    if (!this.data) return;
    if (!this.chart) {
      const place = this.appendChild(Object.assign(document.createElement("div"), { className: "canvas" }));
      this.chart = this.library.init(place, null, { renderer: "canvas" });
    }
    this.chart.setOption(KINDS[this.getAttribute("kind")](this.data, this.dataset.names ? JSON.parse(this.dataset.names) : null, this.clientHeight), true);
  }
  resize() {
    if (!this.chart) return;
    this.chart.resize();
    if (this.tall !== (this.tall = this.clientHeight)) this.draw();
  }
  dispose() {
    this.chart?.dispose();
    this.chart = null;
    this.querySelector(".canvas")?.remove();
  }
});

const UNUSABLE = 0xc0; // quality bits: invalid, not topical
customElements.define("hub-trend", class extends Loaded {
  static library = () => import("../vendor/uplot-1.6.32/uPlot.esm.js").then((module) => module.default);
  draw() {
    if (!this.data) return;
    this.plot?.destroy();
    this.lines = JSON.parse(this.dataset.lines);
    this.columns ??= [this.data.t, ...this.data.v];
    this.last ??= this.data.v.map((values) => values.at(-1) ?? null);
    this.plot = new this.library(this.options(), this.columns, this);
    if (this.ticking) return;
    this.follow = (event) => this.lines.forEach(({ key }, i) => {
      if (key in event.detail) this.last[i] = event.detail[key][1] & UNUSABLE ? null : event.detail[key][0];
    });
    addEventListener("hub:values", this.follow);
    this.ticking = setInterval(() => this.step(), 1e3);
  }
  step() {
    if (root.classList.contains("stale")) this.last.fill(null);
    [Date.now() / 1e3, ...this.last].forEach((value, i) => {
      this.columns[i].push(value);
      if (this.columns[i].length > 601) this.columns[i].shift();
    });
    if (!document.hidden) this.plot.setData(this.columns);
  }
  options() {
    const { uPlot = this.library } = this;
    const zone = this.dataset.zone, units = [...new Set(this.lines.map((one) => one.unit))];
    const axis = { stroke: colour("--text-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: `${size()}px ${family()}` };
    const digits = (ticks) => (ticks.every(Number.isInteger) ? 0 : ticks.every((v) => Number.isInteger(Math.round(v * 1e6) / 1e5)) ? 1 : 2);
    return {
      width: this.clientWidth, height: this.height(), padding: [8, 12, 0, 0], tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), zone),
      cursor: { drag: { x: true, y: false } }, legend: { live: true, markers: { width: 2 } },
      scales: { x: { time: true }, ...Object.fromEntries(units.map((unit) => [unit || "1", {}])) },
      axes: [
        { ...axis, space: 70, values: (_, ticks) => ticks.map((v) => clock(zone, MINUTES).format(v * 1e3)) },
        ...units.slice(0, 2).map((unit, i) => ({ ...axis, scale: unit || "1", side: i ? 1 : 3, size: 54, grid: { ...axis.grid, show: !i }, values: (_, ticks) => ticks.map((v) => number(v, digits(ticks))) })),
      ],
      series: [
        { label: this.dataset.time || " ", value: (u, v) => clock(zone, SECONDS).format((v ?? u.data[0].at(-1)) * 1e3) },
        ...this.lines.map((one, i) => ({
          label: one.name, scale: one.unit || "1", stroke: colour(one.colour), width: 2, spanGaps: false, points: { show: false },
          value: (u, v) => { const shown = v ?? u.data[i + 1].at(-1); return shown == null ? "–" : `${number(shown, one.digits)} ${one.unit}`; },
        })),
      ],
    };
  }
  height() { return Math.max(180, Math.min(260, this.clientWidth * 0.6)); }
  resize() { this.plot?.setSize({ width: this.clientWidth, height: this.height() }); }
  dispose() {
    clearInterval(this.ticking);
    this.ticking = null;
    removeEventListener("hub:values", this.follow);
    this.plot?.destroy();
    this.plot = this.columns = this.last = null;
  }
});

// a time typed by hand makes the period one of the reader's own
document.addEventListener("input", (event) => {
  const name = event.target.dataset?.custom;
  if (name) event.target.form.elements[name].value = "custom";
});
