"use strict";
// Live values, their age and quality, the stream's health, the theme. Charts come from another file when a page has one.
(() => {
  const root = document.documentElement;
  const LOST = 10e3, STALE = 15e3; // ms without an event until the page says so, and until its numbers are marked

  // --- figures ---
  const formats = {};
  const number = (value, digits) => {
    const f = (formats[digits] ??= new Intl.NumberFormat(root.lang || "en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    const text = f.format(value);
    return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
  };
  const span = (seconds) => {
    const names = JSON.parse(document.body.dataset.spans);
    let rest = Math.max(0, Math.round(seconds));
    const parts = [];
    [86400, 3600, 60].forEach((size, i) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count || parts.length) parts.push(`${count} ${names[i]}`);
    });
    return [...parts, `${rest} ${names[3]}`].slice(0, 2).join(" ");
  };
  const age = (node) => {
    const at = +node.dataset.at;
    if (at > 0) write(node, span((Date.now() + skew - at) / 1e3));
  };

  // --- one stream event into the page ---
  let places = null; // where each key shows: node, how, decimals, chip or not; made again after htmx has changed the page
  let skew = 0; // the hub's clock less the browser's, ms
  const index = () => {
    places = new Map();
    for (const node of document.querySelectorAll("[data-p]")) {
      const { p, f, d } = node.dataset;
      const place = { node, put: show[f || "number"], digits: +d || 0, judged: node.classList.contains("pv") };
      const list = places.get(p);
      if (list) list.push(place);
      else places.set(p, [place]);
    }
  };
  const write = (node, text) => {
    const first = node.firstChild;
    if (first?.nodeType !== 3) node.prepend(text);
    else if (first.data !== text) first.data = text;
  };
  let qualities = null; // [bit, class, word], weightiest first
  const judge = (node, quality) => {
    if ((node.quality ?? -1) === quality) return;
    node.quality = quality;
    qualities ??= JSON.parse(document.body.dataset.qualities);
    const found = qualities.find(([bit]) => quality & bit);
    node.className = found ? `pv ${found[1]}` : "pv";
    node.querySelector(".q")?.remove();
    if (found) node.append(Object.assign(document.createElement("i"), { className: `q ${found[1]}`, textContent: found[2] }));
  };
  let states = null; // [class, word] by code
  const show = {
    number: (node, value, digits) => write(node, value === null ? "–" : number(value, digits)),
    text: (node, value) => write(node, value || "–"),
    status: (node, value) => write(node, value === null ? "–" : node.dataset[value ? "on" : "off"]),
    at: (node, value) => { node.dataset.at = value; age(node); },
    bar: (node, value) => { node.value = value; },
    state: (node, value) => {
      const [kind, word] = (states ??= JSON.parse(document.body.dataset.states))[value] ?? ["", value];
      node.className = `st ${kind}`;
      write(node, word);
    },
  };
  const take = (values) => {
    if (!places) index();
    for (const key in values) {
      const [value, quality] = values[key];
      for (const { node, put, digits, judged } of places.get(key) ?? []) {
        put(node, value, digits);
        if (judged) judge(node, quality);
      }
    }
  };
  addEventListener("v", (event) => {
    heard();
    const values = JSON.parse(event.detail.data);
    take(values);
    dispatchEvent(new CustomEvent("hub:values", { detail: values }));
  }, true);
  addEventListener("hb", (event) => {
    heard();
    skew = JSON.parse(event.detail.data) - Date.now();
  }, true);
  addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx?.sourceElement?.hasAttribute("hx-sse:connect")) return; // an event of the stream, not a new page
    places = null;
    charts();
    last = Date.now();
  });

  // --- is the stream alive? ---
  let last = Date.now();
  const say = (lost) => {
    for (const node of document.querySelectorAll(".live")) {
      const state = lost ? "lost" : "ok";
      if (node.dataset.state === state) continue;
      node.dataset.state = state;
      const clock = new Date(last).toLocaleTimeString(root.lang, { hour12: false });
      write(node, lost ? `${node.dataset.lost} ${clock}` : node.dataset.live);
    }
  };
  const heard = () => {
    last = Date.now();
    root.classList.remove("stale");
    say(false);
  };
  setInterval(() => {
    document.querySelectorAll(".age[data-at]").forEach(age);
    if (document.hidden || !document.querySelector("[hx-sse\\:connect]")) return;
    const silence = Date.now() - last;
    if (silence > LOST) say(true);
    root.classList.toggle("stale", silence > STALE);
  }, 1e3);
  addEventListener("htmx:sse:error", () => say(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) last = Date.now(); });

  // --- theme, menus, charts ---
  const dark = matchMedia("(prefers-color-scheme:dark)");
  const themed = () => dispatchEvent(new Event("hub:theme"));
  dark.addEventListener("change", themed);
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (!event.target.closest("[data-act=theme]")) return;
    event.preventDefault();
    const theme = (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
    root.dataset.theme = theme;
    document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
    themed();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  const charts = () => {
    const file = document.body.dataset.charts;
    if (file && document.querySelector("hub-chart,hub-trend")) import(file);
  };
  charts();
  globalThis.hub = { number, span };
})();
