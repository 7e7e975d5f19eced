/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.js - what pages gain with a script: they follow what happens, and
 * timelines can be zoomed. All that can be read is there without it.
 */
"use strict";

/* ---- live pages ------------------------------------------------------------- */

/* Sections as they came: what a plot or a reader has changed in them is no news. */
const came = new WeakMap();

function remember(root) {
	for (const section of root.querySelectorAll("main > section[id]"))
		came.set(section, section.outerHTML);
}

/* Take the sections that changed from the page as it is now; what somebody has opened, typed or
 * zoomed in the others stays. */
function renew(text) {
	const now = new DOMParser().parseFromString(text, "text/html");
	const main = document.getElementById("main");
	const fresh = now.getElementById("main");
	if (!fresh) return;
	for (const section of fresh.querySelectorAll(":scope > section[id]")) {
		const old = main.querySelector(`:scope > section[id="${section.id}"]`);
		if (!old) {
			const copy = section.cloneNode(true);
			came.set(copy, section.outerHTML);
			main.insertBefore(copy, placeFor(main, section));
			enhance(copy);
		} else if (came.get(old) !== section.outerHTML) {
			replace(old, section);
		}
	}
	for (const section of main.querySelectorAll(":scope > section[id]"))
		if (!fresh.querySelector(`:scope > section[id="${section.id}"]`)) section.remove();
	document.title = now.title;
	return !!now.querySelector('meta[name="live"]');
}

/* Before the next section that is there already. */
function placeFor(main, section) {
	let next = section.nextElementSibling;
	while (next) {
		const there = next.id && main.querySelector(`:scope > [id="${next.id}"]`);
		if (there) return there;
		next = next.nextElementSibling;
	}
	return null;
}

function replace(old, section) {
	const open = [...old.querySelectorAll("details")].map((d) => d.open);
	const scrolled = [...old.querySelectorAll(".wide")].map((w) => w.scrollLeft);
	const copy = section.cloneNode(true);
	came.set(copy, section.outerHTML);
	copy.querySelectorAll("details").forEach((d, i) => { if (open[i]) d.open = true; });
	old.replaceWith(copy);
	copy.querySelectorAll(".wide").forEach((w, i) => { w.scrollLeft = scrolled[i] || 0; });
	enhance(copy);
}

function follow() {
	const here = location.pathname + location.search;
	const status = document.getElementById("live");
	let events = null, seen = null, busy = false, again = false, ended = false;

	async function update() {
		if (busy) { again = true; return; }
		busy = true;
		try {
			const answer = await fetch(here, { cache: "no-cache" });
			if (answer.ok && !renew(await answer.text())) { ended = true; leave(); }
		} catch (e) { /* the stream says when the server is back */ }
		busy = false;
		if (again) { again = false; setTimeout(update, 300); }
	}
	/* A browser has few connections to one server: those of pages that nobody sees are given
	 * back. */
	function join() {
		if (events || ended || document.hidden) return;
		events = new EventSource("/live?page=" + encodeURIComponent(here));
		events.addEventListener("page", (event) => {
			if (seen !== event.data) update();
			seen = event.data;
			status.textContent = "Live.";
		});
		events.addEventListener("error", () => { status.textContent = "Not live: reconnecting."; });
	}
	function leave() {
		if (events) events.close();
		events = null;
		status.textContent = "";
	}
	document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else join(); });
	window.addEventListener("pagehide", leave);
	window.addEventListener("pageshow", join);
	join();
}

/* ---- flame graphs --------------------------------------------------------------- */

/* The boxes of a graph as they came, with what was found to zoom and search. */
function flame(figure) {
	const svg = figure.querySelector("svg");
	if (!svg || figure.querySelector("form")) return;
	const whole = svg.viewBox.baseVal.width, letter = 6.7;
	const frames = [...svg.querySelectorAll("g.frame")].map((g) => ({
		g, rect: g.querySelector("rect"), text: g.querySelector("text"), name: g.dataset.name,
		x: Number(g.dataset.x), w: Number(g.dataset.w), d: Number(g.dataset.d),
		fill: g.querySelector("rect").getAttribute("fill"),
	}));
	const form = document.createElement("form");
	const label = document.createElement("label");
	const input = document.createElement("input");
	const reset = document.createElement("button");
	const found = document.createElement("output");

	function place(f, x, w) {
		const letters = w > 2 * letter ? Math.floor((w - 6) / letter) : 0;
		f.rect.setAttribute("x", x);
		f.rect.setAttribute("width", Math.max(w - 0.4, 0.3));
		f.text.setAttribute("x", x + 3);
		f.text.textContent = f.name.length <= letters ? f.name :
			letters < 4 ? "" : f.name.slice(0, letters - 2) + "..";
		f.g.removeAttribute("visibility");
	}
	function zoom(to) {
		const scale = whole / to.w;
		reset.hidden = to.d === 0;
		for (const f of frames) {
			const inside = f.x >= to.x - 0.01 && f.x + f.w <= to.x + to.w + 0.01;
			if (f.d >= to.d && inside) place(f, (f.x - to.x) * scale, f.w * scale);
			else if (f.d < to.d && f.x <= to.x + 0.01 && f.x + f.w >= to.x + to.w - 0.01)
				place(f, 0, whole);
			else f.g.setAttribute("visibility", "hidden");
		}
	}
	/* What is inside another hit is counted once. */
	function search() {
		const wanted = input.value.trim().toLowerCase();
		const hits = frames.filter((f) => wanted && f.name.toLowerCase().includes(wanted));
		const outer = hits.filter((f) => !hits.some((o) => o !== f && o.d < f.d &&
			f.x >= o.x - 0.01 && f.x + f.w <= o.x + o.w + 0.01));
		const share = outer.reduce((sum, f) => sum + f.w, 0) / whole;
		for (const f of frames)
			f.rect.setAttribute("fill", hits.includes(f) ? "#e64fd2" : f.fill);
		found.textContent = wanted ? `${(100 * share).toFixed(1)} % of the width` : "";
	}
	if (frames.length === 0) return;
	label.textContent = "Search ";
	input.type = "search";
	reset.type = "button";
	reset.textContent = "Zoom out";
	reset.hidden = true;
	reset.addEventListener("click", () => zoom(frames[0]));
	input.addEventListener("input", search);
	form.addEventListener("submit", (event) => event.preventDefault());
	for (const f of frames) f.g.addEventListener("click", () => zoom(f));
	label.append(input);
	form.append(label, " ", reset, " ", found);
	form.className = "flame-tools";
	figure.insertBefore(form, svg);
	svg.classList.add("zooms");
}

/* ---- timelines ---------------------------------------------------------------- */

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* Seconds in the unit that fits the largest of them. */
function scaleOf(unit, values) {
	const most = Math.max(...values.map(Math.abs));
	if (unit !== "s" || !(most > 0)) return [1, unit];
	for (const [factor, name] of [[1, "s"], [1e3, "ms"], [1e6, "\u00B5s"]])
		if (most * factor >= 1) return [factor, name];
	return [1e9, "ns"];
}

/* The table of a timeline holds its points; the plot takes them from there. */
function pointOf(row) {
	const [good, bad] = row.querySelectorAll("input");
	const cells = row.cells;
	return {
		x: Number(row.dataset.x), level: Number(row.dataset.level),
		low: Number(row.dataset.low || row.dataset.level),
		high: Number(row.dataset.high || row.dataset.level),
		commit: cells[3].textContent, subject: cells[4].textContent,
		value: cells[5].textContent, links: [...cells[7].querySelectorAll("a")],
		id: good.value, good, bad,
	};
}

function plotOptions(points, figure, place, factor, unit) {
	const ink = colour("--ink"), grid = { stroke: colour("--line"), width: 1 };
	const at = points.map((p) => p.x);
	const name = (x) => points[at.indexOf(x)];
	const changes = (figure.dataset.changes || "").split(" ").filter(Boolean).map(Number);
	return {
		width: place.clientWidth || 900,
		height: 340,
		padding: [null, 36, null, null], // half a label
		scales: { x: { time: false } },
		cursor: { drag: { x: true, y: false } },
		axes: [
			{ stroke: ink, grid, ticks: grid, space: 110,
			  values: (u, ticks) => ticks.map((t) => name(t) ? name(t).commit.slice(0, 8) : "") },
			{ stroke: ink, grid, ticks: grid, size: 84,
			  values: (u, ticks) => ticks.map((t) => `${Number((t * factor).toPrecision(6))} ${unit}`) },
		],
		series: [
			{ label: "Commit", value: (u, x) => name(x) ? `${name(x).commit} ${name(x).subject}` : "" },
			{ label: "Level", stroke: colour("--base"), width: 1.5, points: { show: at.length < 400, size: 5 },
			  value: (u, y, s, i) => i === null || i === undefined ? "" : points[i].value },
			{ label: "Low", stroke: "transparent" },
			{ label: "High", stroke: "transparent" },
		],
		bands: [{ series: [3, 2], fill: colour("--band") }],
		hooks: {
			draw: [(u) => {
				u.ctx.save();
				u.ctx.strokeStyle = colour("--bad");
				u.ctx.setLineDash([6, 3]);
				for (const x of changes) {
					const left = u.valToPos(x, "x", true);
					if (left < u.bbox.left || left > u.bbox.left + u.bbox.width) continue;
					u.ctx.beginPath();
					u.ctx.moveTo(left, u.bbox.top);
					u.ctx.lineTo(left, u.bbox.top + u.bbox.height);
					u.ctx.stroke();
				}
				u.ctx.restore();
			}],
		},
	};
}

function timeline(figure) {
	if (!window.uPlot || figure.querySelector(".uplot")) return;
	const points = [...figure.querySelectorAll("tbody tr")].map(pointOf);
	const place = document.createElement("div"), hint = document.createElement("p");
	const svg = figure.querySelector("svg");
	const [factor, unit] = scaleOf(figure.dataset.unit, points.map((p) => p.level));
	const picks = [];

	if (points.length < 2) return;
	svg.before(place);
	const plot = new uPlot(plotOptions(points, figure, place, factor, unit),
		["x", "level", "low", "high"].map((m) => points.map((p) => p[m])), place);
	const pick = (i) => {
		if (i === null || i === undefined) return;
		picks.push(i);
		show(figure, points, picks.slice(-2));
	};
	svg.setAttribute("hidden", "");
	hint.className = "legend";
	hint.textContent = "Drag to zoom, double click to see all. A click shows the measurement, two make a "
		+ "range to bisect. By keyboard: arrows, Enter, + and - to zoom, 0 to see all.";
	place.after(hint);
	plot.over.addEventListener("click", () => pick(plot.cursor.idx));
	plot.over.tabIndex = 0;
	plot.over.setAttribute("role", "group");
	plot.over.setAttribute("aria-label", svg.getAttribute("aria-label"));
	plot.over.addEventListener("keydown", (event) => steer(plot, points, event, pick));
	window.addEventListener("resize", () => plot.setSize({ width: place.clientWidth, height: 340 }));
}

/* The plot by keyboard. */
function steer(plot, points, event, pick) {
	const { min, max } = plot.scales.x, last = points.length - 1;
	const inside = points.map((p, i) => i).filter((i) => points[i].x >= min && points[i].x <= max);
	const now = plot.cursor.idx ?? inside[Math.floor(inside.length / 2)] ?? 0;
	const go = (i) => {
		const k = Math.min(Math.max(i, 0), last);
		const width = max - min;
		if (points[k].x < min) plot.setScale("x", { min: points[k].x, max: points[k].x + width });
		if (points[k].x > max) plot.setScale("x", { min: points[k].x - width, max: points[k].x });
		plot.setCursor({ left: plot.valToPos(points[k].x, "x"), top: plot.valToPos(points[k].level, "y") });
	};
	const zoom = (by) => {
		const half = Math.max((max - min) * by / 2, 1), middle = points[now].x;
		plot.setScale("x", { min: Math.max(middle - half, points[0].x),
			max: Math.min(middle + half, points[last].x) });
		setTimeout(() => go(now), 0);
	};
	const keys = {
		ArrowLeft: () => go(now - 1), ArrowRight: () => go(now + 1),
		PageUp: () => go(now - 10), PageDown: () => go(now + 10),
		Home: () => go(0), End: () => go(last),
		Enter: () => pick(plot.cursor.idx), " ": () => pick(plot.cursor.idx),
		"+": () => zoom(0.5), "-": () => zoom(2),
		0: () => plot.setScale("x", { min: points[0].x, max: points[last].x }),
	};
	if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
	event.preventDefault();
	keys[event.key]();
}

/* A pick shows the measurement; two make a range to bisect, in the table's form as well. */
function show(figure, points, picks) {
	const shown = points[picks[picks.length - 1]];
	let box = figure.querySelector(".picked");
	if (!box) {
		box = document.createElement("p");
		box.className = "picked";
		box.setAttribute("role", "status");
		figure.querySelector(".uplot").after(box);
	}
	box.textContent = `${shown.commit} ${shown.subject}, ${shown.value}: `;
	shown.links.forEach((link, i) => box.append(i ? " of " : "", link.cloneNode(true)));
	if (picks.length < 2 || picks[0] === picks[1]) return;
	const [a, b] = picks.map((i) => points[i]).sort((p, q) => p.x - q.x);
	const query = document.createElement("a");
	query.href = `${figure.dataset.queue}&good=${a.id}&bad=${b.id}`;
	query.textContent = `bisect between ${a.commit.slice(0, 8)} and ${b.commit.slice(0, 8)}`;
	a.good.checked = true;
	b.bad.checked = true;
	box.append("; ", query);
}

/* ---- links into what is folded up ------------------------------------------------- */

function openTarget() {
	const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
	if (!target) return;
	for (let at = target; at; at = at.parentElement)
		if (at.tagName === "DETAILS") at.open = true;
	target.scrollIntoView({ block: "center" });
}

/* ---- choices that depend on each other ------------------------------------------ */

function queueForm(form) {
	const kind = form.elements.what;
	function show() {
		const value = form.querySelector('input[name="what"]:checked').value;
		for (const part of form.querySelectorAll("[data-for]"))
			part.hidden = !part.dataset.for.split(" ").includes(value);
	}
	if (!kind) return;
	form.addEventListener("change", show);
	show();
}

function enhance(root) {
	root.querySelectorAll("figure.timeline").forEach(timeline);
	root.querySelectorAll("form.queue").forEach(queueForm);
	root.querySelectorAll("figure.flame").forEach(flame);
}

remember(document);
enhance(document);
window.addEventListener("hashchange", openTarget);
openTarget();
if (document.querySelector('meta[name="live"]') && window.EventSource) follow();
