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

/* ---- timelines ---------------------------------------------------------------- */

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* The table of a timeline holds its points; the plot takes them from there. */
function timeline(figure) {
	if (!window.uPlot || figure.querySelector(".uplot")) return;
	const rows = [...figure.querySelectorAll("tbody tr")];
	const at = rows.map((row) => Number(row.dataset.x));
	const level = rows.map((row) => Number(row.dataset.level));
	const low = rows.map((row) => Number(row.dataset.low || row.dataset.level));
	const high = rows.map((row) => Number(row.dataset.high || row.dataset.level));
	const place = document.createElement("div");
	const svg = figure.querySelector("svg");
	const changes = (figure.dataset.changes || "").split(" ").filter(Boolean).map(Number);
	const ink = colour("--ink"), line = colour("--line");
	let picked = null;

	if (at.length < 2) return;
	svg.before(place);
	const plot = new uPlot({
		width: place.clientWidth || 900,
		height: 320,
		scales: { x: { time: false } },
		cursor: { drag: { x: true, y: false } },
		axes: [
			{ stroke: ink, grid: { stroke: line }, space: 100,
			  values: (u, ticks) => ticks.map((t) => {
				const i = at.indexOf(t);
				return i < 0 ? "" : rows[i].dataset.commit.slice(0, 8);
			  }) },
			{ stroke: ink, grid: { stroke: line }, size: 80, label: figure.dataset.unit },
		],
		series: [
			{ label: "Commit", value: (u, v) => {
				const i = at.indexOf(v);
				return i < 0 ? "" : rows[i].dataset.commit + " " + rows[i].dataset.subject;
			} },
			{ label: "Level", stroke: colour("--base"), width: 2, points: { show: true } },
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
					u.ctx.beginPath();
					u.ctx.moveTo(left, u.bbox.top);
					u.ctx.lineTo(left, u.bbox.top + u.bbox.height);
					u.ctx.stroke();
				}
				u.ctx.restore();
			}],
		},
	}, [at, level, low, high], place);
	svg.setAttribute("hidden", "");
	plot.over.addEventListener("click", () => {
		const i = plot.cursor.idx;
		if (i === null || i === undefined) return;
		pick(figure, rows, i, picked);
		picked = i;
	});
	plot.over.addEventListener("dblclick", () => plot.setScale("x", { min: at[0], max: at[at.length - 1] }));
	window.addEventListener("resize", () => plot.setSize({ width: place.clientWidth, height: 320 }));
}

/* A click shows the measurement; two make a range to bisect. */
function pick(figure, rows, i, before) {
	let box = figure.querySelector(".picked");
	const link = document.createElement("a");
	if (!box) {
		box = document.createElement("p");
		box.className = "picked";
		box.setAttribute("role", "status");
		figure.querySelector(".uplot").after(box);
	}
	box.textContent = rows[i].dataset.commit + " " + rows[i].dataset.subject + ": ";
	link.href = "/job/" + rows[i].dataset.job;
	link.textContent = "its measurement";
	box.append(link);
	if (before !== null && before !== i && figure.dataset.queue) {
		const [a, b] = before < i ? [before, i] : [i, before];
		const query = document.createElement("a");
		query.href = figure.dataset.queue + "&good=" + rows[a].dataset.id + "&bad=" + rows[b].dataset.id;
		query.textContent = "bisect between these";
		box.append(", ", query);
	}
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
}

remember(document);
enhance(document);
if (document.querySelector('meta[name="live"]') && window.EventSource) follow();
