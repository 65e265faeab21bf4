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

  const colour = { promoter: ink.rust, invitee: ink.blue, account: ink.blue, token: ink.sand };
  const drawGraph = (holder, graph) => {
    const elements = [
      ...graph.nodes.map((n) => ({ data: { id: n.id, label: n.label, kind: n.kind } })),
      ...graph.edges.map((e, i) => ({ data: { id: "e" + i, source: e.source, target: e.target, bits: Math.max(0.5, e.bits || 0.5) } })),
    ];
    const small = graph.nodes.length <= 60;
    const cy = window.cytoscape({
      container: holder, elements, minZoom: 0.2, maxZoom: 3,
      style: [
        { selector: "node", style: { "background-color": (n) => colour[n.data("kind")] || ink.soft, width: 12, height: 12, label: small ? "data(label)" : "", "font-size": 8, "font-family": font, color: ink.soft, "text-valign": "bottom", "text-margin-y": 2 } },
        { selector: "node[kind = 'token']", style: { shape: "round-rectangle", width: 9, height: 9 } },
        { selector: "node[kind = 'promoter']", style: { width: 20, height: 20, "font-size": 10, color: ink.ink } },
        { selector: "node:selected", style: { label: "data(label)", "font-size": 10, color: ink.ink, "border-width": 2, "border-color": ink.ink } },
        { selector: "edge", style: { "line-color": "#b9c2cc", width: (e) => Math.min(5, 0.6 + e.data("bits") / 6), "curve-style": "haystack", opacity: 0.9 } },
      ],
      layout: small ? { name: "cose", animate: false, randomize: false, nodeRepulsion: 60000, idealEdgeLength: 70, nodeOverlap: 24, gravity: 0.6, numIter: 800 } : { name: "concentric", animate: false, concentric: (n) => n.degree(), levelWidth: () => 3 },
    });
    cy.fit(undefined, 16);
    holder.dataset.drawn = String(graph.nodes.length);
  };

  const plain = (extra) => ({
    animation: false, textStyle: { fontFamily: font, color: ink.soft, fontSize: 12 },
    grid: { left: 12, right: 16, top: 34, bottom: 8, containLabel: true }, legend: { top: 2, itemWidth: 12, itemHeight: 8, textStyle: { color: ink.soft } },
    tooltip: { trigger: "axis", transitionDuration: 0 }, ...extra,
  });
  const showChart = (holder, option) => {
    const chart = window.echarts.init(holder, null, { renderer: "canvas" });
    chart.setOption(option);
    window.addEventListener("resize", () => chart.resize());
    holder.dataset.drawn = "1";
  };
  const drawTimeline = (holder, data) => {
    const days = data.timeline.map((d) => d.day);
    const near = (day) => days.find((d) => d >= day) || days[days.length - 1];
    const bars = [["registered", ink.green], ["bought", ink.blue], ["refunded", ink.rust]].map(([key, color]) => ({
      name: holder.dataset[key], type: "bar", stack: key === "refunded" ? "out" : "in", itemStyle: { color }, barMaxWidth: 6,
      data: data.timeline.map((d) => (key === "refunded" ? -d[key] : d[key])),
    }));
    bars[2].markArea = { silent: true, itemStyle: { color: "rgba(162,57,31,0.10)" }, label: { color: ink.rust, position: "insideTop" },
      data: data.bursts.map((b) => [{ name: holder.dataset.burst, xAxis: near(b.window_start) }, { xAxis: near(b.window_end) }]) };
    const paid = data.payouts.filter((p) => p.status === "paid").map((p) => ({ xAxis: near(p.paid_on), name: holder.dataset.paid }));
    bars[1].markLine = { silent: true, symbol: "none", lineStyle: { color: ink.sand, type: "dotted" }, label: { show: false }, data: paid };
    showChart(holder, plain({ xAxis: { type: "category", data: days, axisTick: { show: false } }, yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: "#eef0f3" } } }, series: bars }));
  };
  const drawMonths = (holder, rows) => {
    showChart(holder, plain({
      xAxis: { type: "category", data: rows.map((r) => r.month) }, yAxis: { type: "value", splitLine: { lineStyle: { color: "#eef0f3" } } },
      series: [["rebate", ink.blue], ["payable", ink.green], ["held", ink.sand]].map(([key, color]) => ({ name: holder.dataset[key], type: "bar", barMaxWidth: 24, itemStyle: { color }, data: rows.map((r) => Number(r[key])) })),
    }));
  };

  const graph = document.getElementById("graph");
  if (graph && window.cytoscape) part(graph).then((d) => drawGraph(graph, d.graph));
  const timeline = document.getElementById("timeline");
  if (timeline && window.echarts) part(timeline).then((d) => drawTimeline(timeline, d));
  const months = document.getElementById("months");
  if (months && window.echarts) part(months).then((d) => drawMonths(months, d.months));

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
