// What a page gains with JavaScript: graph, charts, keys. Everything is readable and decidable without.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const ink = { ink: "#1c2128", soft: "#57606c", rule: "#d5dae0", blue: "#1f4e79", rust: "#a2391f", green: "#2a6242", sand: "#b08a3c" };
  const font = getComputedStyle(document.body).fontFamily;

  const fetched = new Map();
  const part = (holder) => {
    const at = holder.dataset.json;
    if (!fetched.has(at)) fetched.set(at, fetch(at, { credentials: "same-origin" }).then((r) => r.json()));
    return fetched.get(at);
  };

  const colour = { promoter: ink.rust, invitee: ink.blue, account: "#7d93aa", token: ink.sand };
  const ROW = 22;
  const TALLEST = 760;

  // Columns by the number of steps from the promoter, each in the order of what it hangs on: lines cross little, labels never.
  const columns = (graph, wide) => {
    const near = new Map(graph.nodes.map((n) => [n.id, []]));
    for (const e of graph.edges) { near.get(e.source).push(e.target); near.get(e.target).push(e.source); }
    const step = new Map(graph.nodes.filter((n) => n.kind === "promoter").map((n) => [n.id, 0]));
    for (const id of step.keys()) for (const other of near.get(id)) if (!step.has(other)) step.set(other, step.get(id) + 1);
    const found = [];
    for (const n of graph.nodes) (found[step.get(n.id) ?? 2] ||= []).push(n.id);
    const all = found.filter(Boolean);
    const place = new Map();
    const settle = (column) => column.forEach((id, i) => place.set(id, (i + 0.5) / column.length));
    all.forEach(settle);
    for (let turn = 0; turn < 8; turn++)
      for (const column of turn % 2 ? all.slice().reverse() : all) {
        const middle = new Map(column.map((id) => [id, near.get(id).reduce((sum, o) => sum + place.get(o), 0) / (near.get(id).length || 1)]));
        settle(column.sort((a, b) => middle.get(a) - middle.get(b)));
      }
    const tall = Math.max(...all.map((c) => c.length)) * ROW;
    const apart = Math.max(200, (wide - 180) / Math.max(1, all.length - 1));
    const across = new Map(all.flatMap((column, i) => column.map((id) => [id, i * apart])));
    return { at: (id) => ({ x: across.get(id), y: place.get(id) * tall }), tall };
  };
  // Accounts round an oval, in rows of equal height on its right and left, so that labels stand free.
  const ring = (graph, wide) => {
    const rows = Math.ceil(graph.nodes.length / 2);
    const place = new Map(graph.nodes.map((n, i) => [n.id, { row: i % rows, right: i < rows }]));
    const far = (row) => Math.max(120, wide / 2 - 160) * Math.sqrt(1 - (0.92 * ((2 * row + 1) / rows - 1)) ** 2);
    return { at: (id) => ({ x: (place.get(id).right ? 1 : -1) * far(place.get(id).row), y: place.get(id).row * ROW }), tall: rows * ROW,
      left: (id) => !place.get(id).right };
  };
  const drawGraph = (holder, graph) => {
    const words = JSON.parse(holder.dataset.words);
    const label = (n) => (n.kind === "token" ? `${words[n.of] || n.of} ${n.label} · ${n.shared_by ?? "?"}` : n.label);
    const laid = (graph.nodes.some((n) => n.kind === "token") ? columns : ring)(graph, holder.clientWidth);
    const side = (n) => (laid.left?.(n.id) ? "left" : "right");
    holder.style.height = `${Math.min(TALLEST, Math.max(240, laid.tall + 40))}px`;
    const twin = holder.closest(".split").querySelector(".wide");
    if (twin) twin.style.maxHeight = holder.style.height;
    const cy = window.cytoscape({
      container: holder, minZoom: 0.1, maxZoom: 3, userZoomingEnabled: laid.tall > TALLEST,
      elements: [
        ...graph.nodes.map((n) => ({ data: { id: n.id, label: label(n), kind: n.kind, side: side(n) }, position: laid.at(n.id) })),
        ...graph.edges.map((e, i) => ({ data: { id: "e" + i, source: e.source, target: e.target, bits: Math.max(0.5, e.bits || 0.5) } })),
      ],
      style: [
        { selector: "node", style: { "background-color": (n) => colour[n.data("kind")] || ink.soft, width: 11, height: 11, label: "data(label)", "font-size": 12, "min-zoomed-font-size": 7, "font-family": font, color: ink.ink, "text-valign": "center", "text-halign": "data(side)", "text-margin-x": (n) => (n.data("side") === "left" ? -5 : 5), "text-background-color": "#fcfcfd", "text-background-opacity": 1, "text-background-padding": 1 } },
        { selector: "node[kind = 'token']", style: { shape: "round-rectangle", width: 9, height: 9 } },
        { selector: "node[kind = 'promoter']", style: { width: 18, height: 18, "font-weight": 600 } },
        { selector: "node:selected", style: { "min-zoomed-font-size": 0, "border-width": 2, "border-color": ink.ink, "z-index": 9 } },
        { selector: "edge", style: { "line-color": "#b9c2cc", width: (e) => Math.min(4, 0.6 + e.data("bits") / 16), "curve-style": "haystack" } },
        { selector: "edge.near", style: { "line-color": ink.rust, "z-index": 8 } },
      ],
      layout: { name: "preset", fit: true, padding: 16 },
    });
    if (cy.zoom() > 1.2) { cy.zoom(1.2); cy.center(); }
    cy.on("select unselect", "node", () => { cy.edges().removeClass("near"); cy.nodes(":selected").connectedEdges().addClass("near"); });
    holder.dataset.drawn = String(graph.nodes.length);
    performance.mark("graph drawn");
  };

  const legend = { top: 2, left: 84, itemWidth: 12, itemHeight: 8, textStyle: { color: ink.soft } };
  const plain = (extra) => ({
    animation: false, textStyle: { fontFamily: font, color: ink.soft, fontSize: 12 },
    grid: { left: 12, right: 16, top: 34, bottom: 8, containLabel: true }, legend,
    tooltip: { trigger: "axis", transitionDuration: 0 }, ...extra,
  });
  const showChart = (holder, option) => {
    const chart = window.echarts.init(holder, null, { renderer: "canvas" });
    chart.setOption(option);
    window.addEventListener("resize", () => chart.resize());
    holder.dataset.drawn = "1";
  };
  const grouped = (amount) => amount.replace(/\B(?=(\d{3})+\.)/g, ",");
  // Days above, and below them a lane for statements and one for payouts, each mark with its month and amount.
  const drawTimeline = (holder, data) => {
    const said = holder.dataset;
    const bars = [["registered", ink.green], ["bought", ink.blue], ["refunded", ink.rust]].map(([key, color]) => ({
      name: said[key], type: "bar", stack: key === "refunded" ? "out" : "in", itemStyle: { color }, barMinWidth: 2, barMaxWidth: 8,
      data: data.timeline.map((d) => [d.day, key === "refunded" ? -d[key] : d[key]]),
    }));
    bars[2].markArea = { silent: true, itemStyle: { color: "rgba(162,57,31,0.12)" }, label: { color: ink.rust, position: "top", fontSize: 11 },
      data: data.bursts.map((b) => [{ name: said.burst, xAxis: `${b.window_start} 00:00` }, { xAxis: `${b.window_end} 23:59` }]) };
    const lane = (name, color, symbol, rows) => ({
      name, type: "scatter", xAxisIndex: 1, yAxisIndex: 1, symbol, symbolSize: 8, itemStyle: { color }, labelLayout: { hideOverlap: true },
      label: { show: true, position: "right", distance: 4, color: ink.ink, fontSize: 11, formatter: (p) => `${p.data.month}  ${grouped(p.data.amount)}` },
      data: rows.map(([day, month, amount]) => ({ value: [day, name], month, amount })),
    });
    const marks = [
      lane(said.issued, ink.ink, "rect", data.money.filter((m) => m.issued_on).map((m) => [m.issued_on, m.month, m.held === "0.00" ? m.payable : `${m.payable} + ${m.held} ${said.held}`])),
      lane(said.paid, ink.sand, "circle", data.payouts.filter((p) => p.status === "paid").map((p) => [p.paid_on, p.month, p.net])),
    ];
    const days = [...data.timeline.map((d) => d.day), ...marks.flatMap((m) => m.data.map((d) => d.value[0])), ...data.bursts.map((b) => b.window_end)].sort();
    const span = { type: "time", min: `${days[0]} 00:00`, max: `${days[days.length - 1]} 23:59`, axisTick: { show: false }, axisLine: { lineStyle: { color: ink.rule } } };
    showChart(holder, plain({
      grid: [{ left: 84, right: 176, top: 48, height: 136 }, { left: 84, right: 176, top: 216, height: 52 }],
      xAxis: [{ ...span, axisLabel: { color: ink.soft, hideOverlap: true, formatter: "{yyyy}-{MM}-{dd}" } }, { ...span, gridIndex: 1, axisLabel: { show: false }, axisLine: { show: false } }],
      yAxis: [{ type: "value", minInterval: 1, axisLabel: { formatter: (v) => String(Math.abs(v)) }, splitLine: { lineStyle: { color: "#eef0f3" } } },
        { type: "category", gridIndex: 1, inverse: true, data: [said.issued, said.paid], axisTick: { show: false }, axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: "#eef0f3" } } }],
      tooltip: { trigger: "item", transitionDuration: 0, formatter: (p) => (p.data.month ? `${p.value[0]} · ${p.data.month} · ${grouped(p.data.amount)}` : `${p.value[0]} · ${Math.abs(p.value[1])}`) },
      legend: { ...legend, data: bars.map((b) => b.name) }, series: [...bars, ...marks],
    }));
  };
  const drawMonths = (holder, rows) => {
    showChart(holder, plain({
      xAxis: { type: "category", data: rows.map((r) => r.month) }, yAxis: { type: "value", splitLine: { lineStyle: { color: "#eef0f3" } } },
      series: [["rebate", ink.blue], ["payable", ink.green], ["held", ink.sand]].map(([key, color]) => ({ name: holder.dataset[key], type: "bar", barMaxWidth: 24, itemStyle: { color }, data: rows.map((r) => Number(r[key])) })),
    }));
  };

  const graph = document.getElementById("graph");
  if (graph && window.cytoscape) part(graph).then((d) => drawGraph(graph, d.graph));
  // The charts' script is the largest and comes last: the graph does not wait for it.
  const chart = (id, draw) => {
    const holder = document.getElementById(id);
    if (holder && window.echarts) part(holder).then((d) => draw(holder, d));
  };
  document.addEventListener("DOMContentLoaded", () => {
    chart("timeline", drawTimeline);
    chart("months", (holder, d) => drawMonths(holder, d.months));
  });

  // Keys: an element with data-key is focused or followed; j and k go through the rows of a list.
  const rows = () => [...document.querySelectorAll("table.rows tbody tr a")].filter((a, i, all) => i === 0 || all[i - 1].closest("tr") !== a.closest("tr"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "j" || event.key === "k") {
      const all = rows();
      const now = all.indexOf(document.activeElement);
      const next = all[event.key === "j" ? Math.min(now + 1, all.length - 1) : Math.max(now - 1, 0)];
      if (next) next.focus();
      return;
    }
    const wanted = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === event.key);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.tagName === "A") wanted.click(); else wanted.focus();
  });
})();
