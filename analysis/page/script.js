// SPDX-License-Identifier: GPL-2.0-or-later
// Draws the charts of report.html from the data in the page. Values are drawn as they are: null is a gap, nothing is smoothed, linear axes start at zero,
// and what a logarithmic axis cannot show (zero) is left out and said so. What counts over an interval is a step, because it holds for all of it.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const NS = "http://www.w3.org/2000/svg";
  const node = (tag, attributes = {}, ...children) => {
    const e = document.createElementNS(NS, tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };
  const html = (tag, attributes = {}, ...children) => {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };
  const WIDTHS = [1.9, 1.4, 1.4, 1.4];
  const HEIGHT = 232, HEIGHT_BINS = 290;
  const starts = data.ends.map((_, i) => (i ? data.ends[i - 1] : 0));
  const tEnd = data.ends.length ? data.ends[data.ends.length - 1] : 0;

  // ---- Numbers and ticks.
  const unitOfTime = s => (s >= 2 * 86400 ? [86400, "d"] : s >= 3 * 3600 ? [3600, "h"] : s >= 180 ? [60, "min"] : [1, "s"]);
  const show = (x, digits = 4) => {
    if (x === null || !isFinite(x)) return "–";
    if (x === 0) return "0";
    const a = Math.abs(x);
    if (a >= 1e5) {
      const k = Math.min(4, Math.floor(Math.log10(a) / 3));
      return trim((x / 10 ** (3 * k)).toPrecision(digits)) + " " + ["", "k", "M", "G", "T"][k];
    }
    return a < 1e-4 ? x.toExponential(digits - 2).replace("e-", "·10⁻").replace(/⁻(\d+)$/, (_, d) => "⁻" + [...d].map(c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join(""))
      : trim(x.toPrecision(digits));
  };
  const clock = t => {
    const whole = Math.round(t * 1e3) / 1e3, h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = show(whole % 60, 5);
    return (h ? `${h} h ` : "") + (h || m ? `${m} min ` : "") + `${s} s`;
  };
  const grouped = n => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const trim = s => (s.includes(".") && !s.includes("e") ? s.replace(/\.?0+$/, "") : s.includes("e") ? String(Number(s)) : s);
  const niceTicks = (from, to, want) => {
    const raw = (to - from) / Math.max(1, want), p = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map(m => m * p).find(s => s >= raw * 0.999);
    const out = [];
    for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-9; k++) out.push(k * step);
    return out;
  };
  const logTicks = (from, to, room) => {
    const out = [], d0 = Math.floor(Math.log10(from)), d1 = Math.ceil(Math.log10(to)), few = d1 - d0 <= Math.max(2, room / 3);
    const every = Math.max(1, Math.ceil((d1 - d0) / Math.max(2, room)));
    for (let d = d0; d <= d1; d++)
      for (const m of few ? [1, 2, 5] : [1]) {
        const v = m * 10 ** d;
        if (v >= from * 0.999 && v <= to * 1.001 && (few || (d - d0) % every === 0)) out.push(v);
      }
    return out;
  };
  const linear = (a, b, from, to) => { const f = x => from + ((x - a) / (b - a)) * (to - from); f.inverse = p => a + ((p - from) / (to - from)) * (b - a); return f; };
  const logarithmic = (a, b, from, to) => { const g = linear(Math.log(a), Math.log(b), from, to), f = x => g(Math.log(x)); f.inverse = p => Math.exp(g.inverse(p)); return f; };
  const textWidth = (() => {
    const context = document.createElement("canvas").getContext("2d");
    context.font = "11.5px system-ui, sans-serif";
    return s => context.measureText(s).width;
  })();

  // ---- One frame for all charts: axes, grid, labels.
  const frame = (plot, W, H, y, ticks, unit, xTicks, x, xLabel, left, right = 8) => {
    const bottom = H - 34;
    for (const v of ticks) {
      plot.append(node("line", { x1: left, x2: W - right, y1: y(v), y2: y(v), stroke: "var(--grid)" }));
      plot.append(node("text", { x: left - 7, y: y(v) + 4, "text-anchor": "end" }, show(v)));
    }
    for (const [v, label] of xTicks) {
      plot.append(node("line", { x1: x(v), x2: x(v), y1: bottom, y2: bottom + 4, stroke: "var(--soft)" }));
      plot.append(node("text", { x: x(v), y: bottom + 16, "text-anchor": "middle" }, label));
    }
    plot.append(node("line", { x1: left, x2: W - right, y1: bottom, y2: bottom, stroke: "var(--soft)" }));
    plot.append(node("text", { x: W - right, y: H - 3, "text-anchor": "end" }, xLabel));
    plot.append(node("text", { x: 0, y: 11 }, unit));
  };

  const thin = (ticks, x, labelOf) => { // labels must not touch
    let last = -1e9;
    const out = [];
    for (const v of ticks) {
      const label = labelOf(v), half = textWidth(label) / 2;
      if (x(v) - half < last + 8) continue;
      last = x(v) + half;
      out.push([v, label]);
    }
    return out;
  };

  // ---- Charts of time.
  const used = chart => chart.series.filter(s => chart.kind !== "stack" || s.v.some(v => v));
  const stackTops = series => {
    const sums = data.ends.map(() => null);
    return series.map(s => s.v.map((v, i) => {
      if (v === null) return null;
      const from = sums[i] ?? 0;
      sums[i] = from + v;
      return [from, sums[i]];
    }));
  };

  // Steps with gaps: a path over [start, end) of every interval that has a value.
  const steps = (v, x, y, ok) => {
    let d = "", open = false;
    v.forEach((value, i) => {
      if (!ok(value)) { open = false; return; }
      d += `${open ? "L" : "M"}${x(starts[i]).toFixed(1)} ${y(value).toFixed(1)}H${x(data.ends[i]).toFixed(1)}`;
      open = true;
    });
    return d;
  };
  const band = (low, high, x, y, ok) => {
    let d = "";
    for (let i = 0; i < low.length; i++) {
      if (!ok(low[i]) || !ok(high[i])) continue;
      let j = i;
      while (j + 1 < low.length && ok(low[j + 1]) && ok(high[j + 1])) j++;
      for (let k = i; k <= j; k++) d += `${k === i ? "M" : "L"}${x(starts[k]).toFixed(1)} ${y(high[k]).toFixed(1)}H${x(data.ends[k]).toFixed(1)}`;
      for (let k = j; k >= i; k--) d += `L${x(data.ends[k]).toFixed(1)} ${y(low[k]).toFixed(1)}H${x(starts[k]).toFixed(1)}`;
      d += "Z";
      i = j;
    }
    return d;
  };

  const warmupLabel = (plot, x, top) => {
    const [m0] = data.measure;
    if (m0 > 0 && x(m0) - x(0) > textWidth("warm-up") + 10) plot.append(node("text", { x: x(0) + 5, y: top + 13, class: "halo" }, "warm-up"));
  };
  const faultMarks = (plot, x, top, bottom) => {
    const [m0, m1] = data.measure;
    if (m0 > 0) plot.append(node("rect", { x: x(0), y: top, width: Math.max(0, x(Math.min(m0, tEnd)) - x(0)), height: bottom - top, fill: "var(--warm)" }));
    if (m1 < tEnd) plot.append(node("rect", { x: x(m1), y: top, width: x(tEnd) - x(m1), height: bottom - top, fill: "var(--warm)" }));
    data.faults.forEach((f, i) => {
      const to = x(f.to === null ? tEnd : Math.min(f.to, tEnd));
      if (f.at > tEnd) return;
      plot.append(node("rect", { x: x(f.at), y: top, width: Math.max(0, to - x(f.at)), height: bottom - top, fill: "var(--shade)" }));
      plot.append(node("line", { x1: x(f.at), x2: x(f.at), y1: top, y2: bottom, stroke: "var(--fault)", "stroke-dasharray": "3 2" }));
      plot.append(node("text", { x: x(f.at), y: top - 5, class: "mark", "text-anchor": "middle" }, "F" + (i + 1)));
    });
  };

  // Names at the ends of lines, moved apart; where there is no room the legend alone tells.
  const endLabels = (svg, series, px, top, bottom, y, ok) => {
    const labels = series.map(s => [s, s.v.findLast(ok)]).filter(([, v]) => ok(v)).map(([s, v]) => ({ s, at: y(v) })).sort((a, b) => a.at - b.at);
    labels.forEach((l, i) => { if (i) l.at = Math.max(l.at, labels[i - 1].at + 13); });
    for (let i = labels.length - 1, low = bottom; i >= 0; i--, low = labels[i + 1].at - 13) labels[i].at = Math.min(labels[i].at, low);
    for (const l of labels) svg.append(node("text", { x: px, y: l.at + 4, style: `fill:var(--l${l.s.c % 4})` }, l.s.label));
  };

  const cursors = []; // every chart of time shows where the reader points
  const drawTime = (chart, state) => {
    const W = paper || Math.max(260, state.plot.clientWidth), H = HEIGHT, series = used(chart), stacked = chart.kind === "stack";
    const tops = stacked ? stackTops(series) : null;
    let most = 0, least = Infinity, zeros = false;
    series.forEach((s, k) => s.v.forEach((v, i) => {
      if (v === null) return;
      const hi = stacked ? tops[k][i][1] : s.hi ? s.hi[i] : v, lo = stacked ? hi : s.lo ? s.lo[i] : v;
      most = Math.max(most, hi);
      if (lo > 0) least = Math.min(least, lo); else zeros = true;
    }));
    const useLog = state.log && !stacked && least < Infinity;
    if (most === 0) most = 1;
    let ticks, range;
    if (useLog) {
      if (least === most) least = most / 10;
      range = [least / 1.15, most * 1.15];
      ticks = logTicks(...range, 6);
      if (ticks.length < 2) { range = [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most) + 1e-9)]; ticks = logTicks(...range, 6); }
    } else {
      ticks = niceTicks(0, most * 1.04, 5);
      range = [0, most * 1.04];
    }
    const left = Math.max(30, ...ticks.map(t => textWidth(show(t)) + 12)), top = 22, bottom = H - 34;
    const wide = Math.max(...series.map(s => textWidth(s.label))), right = !stacked && chart.series.length > 1 && wide < W / 5 ? wide + 12 : 8;
    const x = linear(0, tEnd, left, W - right), y = (useLog ? logarithmic : linear)(...range, bottom, top);
    const [per, name] = unitOfTime(tEnd);
    const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", tabindex: 0, "aria-label": `${chart.title}, ${chart.unit} over time` });
    faultMarks(svg, x, top, bottom);
    const xTicks = thin(niceTicks(0, tEnd / per, Math.max(3, W / 90)).map(v => v * per), x, v => show(v / per));
    frame(svg, W, H, y, ticks, chart.unit + (useLog ? " (log)" : ""), xTicks, x, `time (${name})`, left, right);
    const ok = v => v !== null && v !== undefined && (!useLog || v > 0);
    series.forEach((s, k) => {
      if (stacked) {
        svg.append(node("path", { d: band(tops[k].map(t => t && t[0]), tops[k].map(t => t && t[1]), x, y, ok), fill: `var(--s${s.c})` }));
        return;
      }
      if (s.lo) svg.append(node("path", { d: band(s.lo, s.hi, x, y, ok), fill: `var(--l${s.c % 4})`, opacity: .22 }));
      svg.append(node("path", { d: steps(s.v, x, y, ok), fill: "none", stroke: `var(--l${s.c % 4})`, "stroke-width": WIDTHS[s.c % 4], "stroke-linejoin": "round" }));
    });
    endLabels(svg, right > 8 ? series : [], W - right + 5, top, bottom, y, ok);
    warmupLabel(svg, x, top);
    const cursor = node("line", { y1: top, y2: bottom, stroke: "var(--ink)", "stroke-width": 1, visibility: "hidden" });
    svg.append(cursor);
    state.note.textContent = useLog && zeros ? "Zeros are not on a logarithmic axis." : data.group > 1 ? `A point is ${data.group} intervals of the record` + (stacked ? "." : "; the band, their least and greatest.") : "";
    const at = i => {
      cursors.forEach(c => c(i));
      if (i === null) return;
      const rows = series.map(s => [s, s.v[i]]);
      if (stacked) rows.reverse();
      tip(state, x((starts[i] + data.ends[i]) / 2), W, `${clock(starts[i])} – ${clock(data.ends[i])}`,
        rows.map(([s, v]) => [stacked ? `var(--s${s.c})` : `var(--l${s.c % 4})`, s.label, show(v)]), chart.unit);
    };
    state.cursor = i => {
      cursor.setAttribute("visibility", i === null ? "hidden" : "visible");
      if (i !== null) { const p = x((starts[i] + data.ends[i]) / 2); cursor.setAttribute("x1", p); cursor.setAttribute("x2", p); }
    };
    pointer(svg, state, W, px => { const t = x.inverse(px); return t < 0 || t > tEnd ? null : Math.min(data.ends.length - 1, data.ends.findIndex(e => t <= e)); }, data.ends.length, at);
    return svg;
  };

  // What theory says of a histogram.
  const LAWS = { exponential: { label: "exponential law of mean 1: random Node-IDs", density: v => Math.exp(-v), atMost: v => 1 - Math.exp(-v) } };

  // ---- Charts of bins: density above, share below a value beneath it, one horizontal axis.
  const drawBins = (chart, state) => {
    const W = paper || Math.max(260, state.plot.clientWidth), H = HEIGHT_BINS, n = chart.count.length;
    const whole = chart.unit !== "s" && chart.lower.every((l, i) => Number.isInteger(l) && chart.upper[i] - l <= 1);
    const low = whole ? chart.lower.map(l => l - 0.5) : chart.lower, high = whole ? chart.lower.map(l => l + 0.5) : chart.upper;
    const total = chart.count.reduce((a, b) => a + b, 0), useLog = state.log && !whole;
    const first = chart.count.findIndex(c => c > 0);
    let last = n - 1;
    while (last > first && !(chart.count[last] > 0)) last--;
    // Zero (the asker owned the key) has no place on a logarithmic axis: its share stands below the others and is told.
    let lead = first;
    while (useLog && lead < last && !(low[lead] > 0)) lead++;
    const zero = chart.count.slice(first, lead).reduce((x, y) => x + y, 0) / total;
    const from = useLog ? Math.max(low[lead], high[lead] / 100) : whole ? low[first] : 0, to = high[last] > from ? high[last] : from + 1;
    // Neighbouring bins are joined until a bar is BAR pixels wide (bins without a count are not in the file: they are empty); none is split, nothing is
    // smoothed. The height is share per width, so that areas compare.
    const BAR = 4, scale = (useLog ? logarithmic : linear)(from, to, 0, W - 60), bars = [];
    const close = next => {
      const b = bars[bars.length - 1];
      if (b && !whole) b.high = Math.max(b.high, Math.min(next, scale.inverse(scale(b.low) + BAR)));
    };
    for (let i = lead; i <= last; i++) {
      const b = bars[bars.length - 1], a = Math.max(low[i], from);
      if (b && !whole && scale(high[i]) - scale(b.low) < BAR) { b.high = high[i]; b.count += chart.count[i]; continue; }
      close(a);
      bars.push({ low: a, high: Math.max(high[i], a), count: chart.count[i] });
    }
    close(to);
    let below = zero;
    for (const b of bars) {
      const width = useLog ? Math.log10(b.high / b.low) : b.high - b.low;
      b.share = b.count / total;
      b.before = below;
      below += b.share;
      b.density = width > 0 ? b.share / width : 0;
      if (whole) b.density = 100 * b.share;
    }
    const law = LAWS[chart.law], lawDensity = v => law.density(v) * (useLog ? v * Math.LN10 : 1), along = [];
    for (let i = 0; law && i <= 120; i++) along.push(useLog ? from * (to / from) ** (i / 120) : from + (i / 120) * (to - from));
    const peak = Math.max(...bars.map(b => b.density), ...along.map(lawDensity)) || 1, mid = Math.round(H * 0.5);
    const unit = whole ? "% of all" : useLog ? "share per decade" : law ? "density" : `share per ${chart.unit || "1"}`;
    const ticks = niceTicks(0, peak * 1.05, 3), left = Math.max(40, ...ticks.map(t => textWidth(show(t)) + 12));
    const x = (useLog ? logarithmic : linear)(from, to, left, W - 8), y = linear(0, peak * 1.05, mid, 22), yc = linear(0, 1, H - 34, mid + 24);
    const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", tabindex: 0, "aria-label": `${chart.title}: distribution in ${chart.unit}` });
    for (const v of ticks) {
      svg.append(node("line", { x1: left, x2: W - 8, y1: y(v), y2: y(v), stroke: "var(--grid)" }));
      svg.append(node("text", { x: left - 7, y: y(v) + 4, "text-anchor": "end" }, show(v)));
    }
    svg.append(node("text", { x: 0, y: 11 }, unit));
    for (const b of bars)
      svg.append(node("rect", { x: x(b.low).toFixed(2), width: Math.max(0.5, x(b.high) - x(b.low) - (whole ? 1 : 0)).toFixed(2), y: y(b.density).toFixed(2), height: (mid - y(b.density)).toFixed(2), fill: "var(--s0)" }));
    svg.append(node("line", { x1: left, x2: W - 8, y1: mid, y2: mid, stroke: "var(--soft)" }));
    const labels = whole ? niceTicks(Math.ceil(from), to, Math.min(to - from, W / 45)).filter(Number.isInteger) : useLog ? logTicks(from, to, W / 90) : niceTicks(from, to, W / 90);
    frame(svg, W, H, v => yc(v / 100), [0, 50, 100], "", thin(labels, x, v => show(v)), x, `${chart.xname || chart.unit}${useLog ? " (log)" : ""}`, left);
    svg.append(node("text", { x: 0, y: mid + 14 }, "% at most"));
    let d = `M${x(from).toFixed(1)} ${yc(zero).toFixed(1)}`;
    for (const b of bars) {
      // Inside a bar the values may lie anywhere: a straight line. Whole numbers jump at the number.
      d += whole ? `H${x((b.low + b.high) / 2).toFixed(1)}V${yc(b.before + b.share).toFixed(1)}` : `L${x(b.low).toFixed(1)} ${yc(b.before).toFixed(1)}L${x(b.high).toFixed(1)} ${yc(b.before + b.share).toFixed(1)}`;
    }
    d += `H${x(to).toFixed(1)}`;
    svg.append(node("path", { d, fill: "none", stroke: "var(--l0)", "stroke-width": 1.6, "stroke-linejoin": "round" }));
    const lawLine = f => svg.append(node("path", { d: along.map((v, i) => `${i ? "L" : "M"}${x(v).toFixed(1)} ${f(v).toFixed(1)}`).join(""), fill: "none", stroke: "var(--l1)", "stroke-width": 1.6, "stroke-dasharray": "5 3" }));
    if (law) { lawLine(v => y(lawDensity(v))); lawLine(v => yc(law.atMost(v))); }
    const quantile = q => { const b = bars.find(c => c.before + c.share >= q - 1e-12) || bars[bars.length - 1]; return whole ? (b.low + b.high) / 2 : b.low + (b.share ? (q - b.before) / b.share : 1) * (b.high - b.low); };
    const quantileText = q => (zero >= q ? "0" : show(quantile(q), 3));
    state.note.textContent = `${grouped(total)} observations · median ${quantileText(.5)}, 95 % ${quantileText(.95)}, 99 % ${quantileText(.99)} ${chart.unit}` + (zero > 0 ? ` · ${show(100 * zero, 3)} % are 0, not on this axis` : "");
    const cursor = node("rect", { y: 22, height: H - 34 - 22, fill: "var(--ink)", opacity: .12, visibility: "hidden" });
    svg.append(cursor);
    const at = i => {
      cursor.setAttribute("visibility", i === null ? "hidden" : "visible");
      if (i === null) return;
      const b = bars[i];
      cursor.setAttribute("x", x(b.low));
      cursor.setAttribute("width", Math.max(1, x(b.high) - x(b.low)));
      tip(state, x(b.high), W, whole ? `${show((b.low + b.high) / 2)} ${chart.unit}` : `${show(b.low)} – ${show(b.high)} ${chart.unit}`,
        [["var(--s0)", "of all", show(100 * b.share, 3) + " %"], ["var(--l0)", "at most", show(100 * (b.before + b.share), 4) + " %"], ["none", "count", grouped(b.count)], ...(law ? [["var(--l1)", "at most, by law", show(100 * law.atMost(b.high), 4) + " %"]] : [])], "");
    };
    state.cursor = () => {};
    pointer(svg, state, W, px => { const v = x.inverse(px); const i = bars.findIndex(b => v >= b.low && v < b.high); return i < 0 ? null : i; }, bars.length, at);
    return svg;
  };

  // ---- Pointer, keys, tip.
  const tip = (state, px, W, title, rows, unit) => {
    const t = state.tip;
    const short = unit.length <= 6; // a long unit stands once, above
    t.replaceChildren(html("b", {}, title), ...(short ? [] : [html("i", {}, unit)]));
    for (const [colour, label, value] of rows)
      t.append(html("div", {}, html("span", {}, html("i", { class: "swatch", style: `background:${colour};width:10px` }), label), html("span", {}, short && unit ? `${value} ${unit}` : value)));
    t.hidden = false;
    const scale = state.plot.clientWidth / W, at = px * scale, w = t.offsetWidth;
    t.style.top = "24px";
    t.style.left = Math.max(0, Math.min(state.plot.clientWidth - w, at + 12 + w > state.plot.clientWidth ? at - w - 12 : at + 12)) + "px";
  };
  const pointer = (svg, state, W, find, n, at) => {
    let now = null;
    const move = i => { now = i; at(i); if (i === null) { state.tip.hidden = true; } };
    svg.addEventListener("pointermove", e => { const r = svg.getBoundingClientRect(); move(find(((e.clientX - r.left) * W) / r.width)); });
    svg.addEventListener("pointerdown", e => { const r = svg.getBoundingClientRect(); move(find(((e.clientX - r.left) * W) / r.width)); });
    svg.addEventListener("pointerleave", () => move(null));
    svg.addEventListener("blur", () => move(null));
    svg.addEventListener("keydown", e => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
      if (e.key === "Escape") move(null);
      if (!step) return;
      e.preventDefault();
      move(Math.max(0, Math.min(n - 1, (now ?? (step > 0 ? -1 : n)) + step)));
    });
  };

  // ---- Legend and tools.
  const legend = chart => {
    const box = html("div", { class: "legend" });
    if (chart.law) {
      const mark = node("svg", { class: "swatch", viewBox: "0 0 18 10", "aria-hidden": "true" });
      mark.append(node("line", { x1: 0, x2: 18, y1: 5, y2: 5, stroke: "var(--l1)", "stroke-width": 2, "stroke-dasharray": "5 3" }));
      box.append(html("span", {}, mark, LAWS[chart.law].label));
    }
    if (chart.kind === "bins") return box;
    const series = used(chart);
    for (const s of series) {
      if (chart.series.length === 1) break;
      const mark = node("svg", { class: "swatch", viewBox: "0 0 18 10", "aria-hidden": "true" });
      mark.append(chart.kind === "stack" ? node("rect", { width: 18, height: 10, fill: `var(--s${s.c})` })
        : node("line", { x1: 0, x2: 18, y1: 5, y2: 5, stroke: `var(--l${s.c % 4})`, "stroke-width": 2 * WIDTHS[s.c % 4] / 1.4 }));
      box.append(html("span", {}, mark, s.label));
    }
    const none = chart.series.filter(s => !series.includes(s)).map(s => s.label);
    if (none.length) box.append(html("i", {}, `never: ${none.join(", ")}`));
    return box;
  };
  const csv = chart => {
    const cell = v => (v === null || v === undefined ? "" : String(v));
    const rows = chart.kind === "bins" ? [["lower", "upper", "count"], ...chart.count.map((c, i) => [chart.lower[i], chart.upper[i], c])]
      : [["start_s", "end_s", ...chart.series.map(s => `"${s.label} (${chart.unit})"`)], ...data.ends.map((e, i) => [starts[i], e, ...chart.series.map(s => s.v[i])])];
    const link = html("a", { href: URL.createObjectURL(new Blob([rows.map(r => r.map(cell).join(",")).join("\n") + "\n"], { type: "text/csv" })), download: chart.id + ".csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // Paper is narrower than a screen: drawn anew for it, so that letters keep their size.
  const redraws = [];
  let paper = 0;
  addEventListener("beforeprint", () => { paper = 350; redraws.forEach(d => d()); });
  addEventListener("afterprint", () => { paper = 0; redraws.forEach(d => d()); });

  for (const chart of data.charts) {
    const figure = document.getElementById(chart.id);
    if (!figure) continue;
    chart.title = figure.querySelector("figcaption b").textContent;
    const state = { log: chart.log, plot: html("div", { class: "plot" }), tip: html("div", { class: "tip", hidden: "" }), note: html("p", { class: "small", style: "margin:2px 0 0" }), cursor: () => {} };
    const tools = html("div", { class: "tools" }), whole = chart.kind === "bins" && chart.unit !== "s";
    const draw = () => {
      const old = state.plot.querySelector("svg"), fresh = (chart.kind === "bins" ? drawBins : drawTime)(chart, state);
      if (old) old.replaceWith(fresh); else state.plot.prepend(fresh);
      state.tip.hidden = true;
    };
    if (chart.kind !== "stack" && !whole) {
      const button = html("button", { type: "button" });
      const name = () => { button.textContent = state.log ? "linear axis" : "logarithmic axis"; };
      button.addEventListener("click", () => { state.log = !state.log; name(); draw(); });
      name();
      tools.append(button);
    }
    const save = html("button", { type: "button" }, "data (CSV)");
    save.addEventListener("click", () => csv(chart));
    tools.append(save);
    figure.append(state.plot, legend(chart), state.note, tools);
    state.plot.append(state.tip);
    if (chart.kind !== "bins") cursors.push(i => state.cursor(i));
    redraws.push(draw);
    let width = 0;
    new ResizeObserver(() => { if (!paper && state.plot.clientWidth !== width) { width = state.plot.clientWidth; draw(); } }).observe(state.plot);
    draw();
    width = state.plot.clientWidth;
  }

  // ---- A sample of the ring, snapshot by snapshot. It moves only when asked to; who wants less motion steps through it by hand.
  const STANDS = [
    { word: "offline", colour: "var(--soft)", shape: "M-2.2 0A2.2 2.2 0 1 1 2.2 0A2.2 2.2 0 1 1 -2.2 0Z", hollow: true },
    { word: "online, not joined", colour: "var(--l2)", shape: "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z", hollow: true },
    { word: "joined, true successor", colour: "var(--l0)", shape: "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z" },
    { word: "wrong successor", colour: "var(--l1)", shape: "M0 -5.5L5.2 4L-5.2 4Z" },
    { word: "dead successor", colour: "var(--fault)", shape: "M-4.6 -4.6H4.6V4.6H-4.6Z" },
  ];
  const standMark = s => node("path", { d: s.shape, fill: s.hollow ? "var(--paper)" : s.colour, stroke: s.colour, "stroke-width": 1.4 });
  const ringSample = (figure, ring) => {
    const SIDE = 480, C = SIDE / 2, R = 178, BAR = 42, last = ring.snapshots.length - 1, n = ring.identity.length;
    const scale = Math.max(0.35, Math.min(1, 110 / n)), mostLinks = Math.max(1, ...ring.snapshots.flatMap(s => s.links));
    const point = (share, r) => { const a = 2 * Math.PI * share; return [C + r * Math.sin(a), C - r * Math.cos(a)]; };
    const text = p => p.map(v => v.toFixed(1)).join(" ");
    const counts = ring.snapshots.map(s => STANDS.map((_, k) => [...s.state].filter(c => c === String(k)).length));
    const state = { plot: html("div", { class: "plot dial" }), tip: html("div", { class: "tip", hidden: "" }) };
    const svg = node("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" });
    svg.append(node("circle", { cx: C, cy: C, r: R, fill: "none", stroke: "var(--rule)", "stroke-width": 1.5 }));
    for (const [share, label] of [[0, "0"], [0.25, "¼"], [0.5, "½"], [0.75, "¾"]]) {
      const [x, y] = point(share, R - 46);
      svg.append(node("line", { x1: point(share, R - 4)[0], y1: point(share, R - 4)[1], x2: point(share, R + 4)[0], y2: point(share, R + 4)[1], stroke: "var(--soft)" }));
      svg.append(node("text", { x, y: y + 4, "text-anchor": "middle" }, label));
    }
    const parts = ring.position.map(at => {
      const bar = node("line", { "stroke-width": Math.max(1, 4 * scale), opacity: .45 }), bow = node("path", { fill: "none", "stroke-width": 1.3 });
      const mark = node("g", { transform: `translate(${text(point(at, R))}) scale(${scale})` });
      return { at, bar, bow, mark };
    });
    for (const layer of ["bar", "bow", "mark"]) svg.append(...parts.map(p => p[layer]));
    state.plot.append(svg, state.tip);

    const panel = html("div", { class: "side" }), clockText = html("b", {}), phase = html("span", { class: "small" });
    const table = html("table"), cells = STANDS.map(s => {
      const mark = node("svg", { viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" }), cell = html("td");
      mark.append(standMark(s));
      table.append(html("tr", {}, html("th", { scope: "row" }, mark, s.word), cell));
      return cell;
    });
    const slider = html("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "snapshot" });
    const strip = html("div", { class: "plot" }), play = html("button", { type: "button" }), back = html("button", { type: "button", "aria-label": "one snapshot back" }, "◀"),
      forth = html("button", { type: "button", "aria-label": "one snapshot forth" }, "▶");
    panel.append(html("p", { class: "now" }, clockText, " ", phase), table, strip, slider, html("div", { class: "tools" }, play, back, forth),
      html("p", { class: "small" }, `Outer bars: open links, ${mostLinks} at most. Below the counts: shares of those online, over time.`));
    figure.append(html("div", { class: "around" }, state.plot, panel));

    let now = last, timer = 0, cursor = null;
    const phaseOf = t => {
      let f = -1;
      data.faults.forEach((fault, i) => { if (fault.at < t) f = i; }); // a snapshot is taken before a fault of its instant strikes
      return t < data.measure[0] ? "warm-up" : f < 0 ? "measured phase" : `${clock(t - data.faults[f].at)} after F${f + 1}`;
    };
    const drawRing = i => {
      const s = ring.snapshots[i];
      parts.forEach((p, k) => {
        const stand = STANDS[Number(s.state[k])], a = point(p.at, R), to = s.far[k], off = R + 9 * Math.max(scale, .6);
        p.mark.replaceChildren(standMark(stand));
        const [x1, y1] = point(p.at, off), [x2, y2] = point(p.at, off + (BAR * s.links[k]) / mostLinks);
        for (const [name, v] of Object.entries({ x1, y1, x2, y2, stroke: stand.colour, visibility: s.links[k] ? "visible" : "hidden" })) p.bar.setAttribute(name, v);
        // A bow into the ring, the deeper the farther it leads.
        p.bow.setAttribute("d", to === null ? "" : `M${text(a)}Q${text(point(p.at + to / 2, R * (1 - Math.min(1, .12 + 2 * Math.min(to, 1 - to)))))} ${text(point(p.at + to, R))}`);
        p.bow.setAttribute("stroke", stand.colour);
      });
      // What is wrong lies on top.
      svg.append(...parts.map((p, k) => [s.state[k], p.mark]).sort((a, b) => a[0] - b[0]).map(([, mark]) => mark));
      clockText.textContent = clock(s.at);
      phase.textContent = phaseOf(s.at);
      cells.forEach((cell, k) => { cell.textContent = counts[i][k]; });
      slider.value = i;
      slider.setAttribute("aria-valuetext", `${clock(s.at)}: ${STANDS.map((x, k) => `${counts[i][k]} ${x.word}`).join(", ")}`);
      svg.setAttribute("aria-label", `Sample of the ring at ${clock(s.at)}: ${STANDS.map((x, k) => `${counts[i][k]} ${x.word}`).join(", ")}`);
      if (cursor) { cursor.line.setAttribute("x1", cursor.x(i)); cursor.line.setAttribute("x2", cursor.x(i)); }
    };
    // The identity under the pointer, also while snapshots go by.
    let aim = null;
    const tell = () => {
      let best = -1, nearest = 16 ** 2;
      if (aim) parts.forEach((p, k) => { const [x, y] = point(p.at, R), d = (x - aim[0]) ** 2 + (y - aim[1]) ** 2; if (d < nearest) { nearest = d; best = k; } });
      state.tip.hidden = best < 0;
      if (best < 0) return;
      const s = ring.snapshots[now], stand = STANDS[Number(s.state[best])], height = svg.clientHeight;
      tip(state, aim[0], SIDE, `identity ${ring.identity[best]}`, [[stand.colour, stand.word, ""], ["none", "position", show(100 * ring.position[best], 5) + " %"],
        ["none", "successor", s.next[best] === null ? "–" : String(s.next[best])], ["none", "its distance", s.far[best] === null ? "–" : show(100 * s.far[best], 3) + " %"], ["none", "links", String(s.links[best])]], "");
      state.tip.style.top = Math.min(height - state.tip.offsetHeight, Math.max(0, (aim[1] * height) / SIDE + 14)) + "px";
    };
    const show1 = i => { now = Math.max(0, Math.min(last, i)); drawRing(now); tell(); };

    // The strip above the slider: what share of those online stood how, a column a snapshot.
    const drawStrip = () => {
      const W = paper || Math.max(200, strip.clientWidth), H = 74, top = 16, x = i => 8 + ((W - 16) * i) / Math.max(1, last), half = (W - 16) / Math.max(1, last) / 2;
      const box = node("svg", { viewBox: `0 0 ${W} ${H}`, "aria-hidden": "true" }), bars = node("g", { "shape-rendering": "crispEdges" });
      box.append(bars);
      const column = (from, to, y, h, attributes) => {
        const left = Math.max(8, x(from) - half), right = Math.min(W - 8, x(to) + half);
        bars.append(node("rect", { x: left.toFixed(2), width: Math.max(0.5, right - left).toFixed(2), y: y.toFixed(2), height: h.toFixed(2), ...attributes }));
      };
      const online = i => n - counts[i][0];
      for (let i = 0; i <= last; i++) { // those with the true successor are what the others leave over
        const from = i;
        if (!online(i)) continue;
        while (i < last && online(i + 1)) i++;
        column(from, i, top, H - top, { fill: STANDS[2].colour, opacity: .35 });
      }
      ring.snapshots.forEach((s, i) => {
        let y = top;
        for (const k of [4, 3, 1]) {
          const h = online(i) ? ((H - top) * counts[i][k]) / online(i) : 0;
          if (h > 0) column(i, i, y, h, { fill: STANDS[k].colour });
          y += h;
        }
      });
      const t0 = ring.snapshots[0].at, t1 = ring.snapshots[last].at, xt = t => 8 + ((W - 16) * (t - t0)) / Math.max(1e-9, t1 - t0);
      data.faults.forEach((f, i) => {
        if (f.at < t0 || f.at > t1) return;
        box.append(node("line", { x1: xt(f.at), x2: xt(f.at), y1: top, y2: H, stroke: "var(--fault)", "stroke-dasharray": "3 2" }));
        box.append(node("text", { x: xt(f.at), y: top - 4, class: "mark", "text-anchor": "middle" }, "F" + (i + 1)));
      });
      cursor = { x, line: node("line", { y1: top, y2: H, stroke: "var(--ink)", "stroke-width": 1.5 }) };
      box.append(cursor.line);
      box.addEventListener("pointerdown", e => { const r = box.getBoundingClientRect(); stop(); show1(Math.round((((e.clientX - r.left) / r.width) * W - 8) / (W - 16) * last)); });
      strip.replaceChildren(box);
    };

    // About a quarter of a minute for all of it, whatever its length.
    const beat = Math.max(60, Math.min(600, 15000 / (last + 1)));
    const stop = () => { clearInterval(timer); timer = 0; play.textContent = "play"; };
    const start = () => {
      if (now === last) show1(0);
      play.textContent = "pause";
      timer = setInterval(() => { if (now === last) stop(); else show1(now + 1); }, beat);
    };
    const still = matchMedia("(prefers-reduced-motion: reduce)"), mind = () => { stop(); play.hidden = still.matches || last === 0; };
    still.addEventListener("change", mind);
    mind();
    play.addEventListener("click", () => { if (timer) stop(); else start(); });
    for (const [button, step] of [[back, -1], [forth, 1]]) button.addEventListener("click", () => { stop(); show1(now + step); });
    slider.addEventListener("input", () => { stop(); show1(Number(slider.value)); });

    for (const kind of ["pointermove", "pointerdown"])
      svg.addEventListener(kind, e => { const r = svg.getBoundingClientRect(); aim = [((e.clientX - r.left) * SIDE) / r.width, ((e.clientY - r.top) * SIDE) / r.height]; tell(); });
    svg.addEventListener("pointerleave", () => { aim = null; tell(); });
    let width = 0;
    new ResizeObserver(() => { if (!paper && strip.clientWidth !== width) { width = strip.clientWidth; drawStrip(); drawRing(now); } }).observe(strip);
    addEventListener("beforeprint", () => { stop(); aim = null; show1(last); });
    redraws.push(() => { drawStrip(); drawRing(now); });
    drawStrip();
    show1(last);
  };
  if (data.ring) ringSample(document.getElementById("ring_sample"), data.ring);
})();
