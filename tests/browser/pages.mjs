// SPDX-License-Identifier: GPL-2.0-or-later
// pages.mjs - the pages as somebody uses them.
import { axe, done, launch, login, ok, url } from "./lib.mjs";

const browser = await launch();
const everywhere = ["/", "/jobs", "/job/1", "/job/2", "/job/1/log", "/run/2", "/run/2/file?name=job.json",
	"/hosts", "/branches", "/branch/mainline", "/alerts", "/login"];

/* A context whose pages must not talk to anybody else, nor break the policy. */
async function context(options, name) {
	const c = await browser.newContext(options);
	const foreign = [], complaints = [];
	c.on("request", (r) => { if (!r.url().startsWith(url + "/")) foreign.push(r.url()); });
	c.on("console", (m) => { if (m.type() === "error") complaints.push(m.text()); });
	c.on("weberror", (e) => complaints.push(String(e.error())));
	c.finish = async () => {
		ok(foreign.length === 0, `${name}: no request leaves the machine`, foreign.join("\n"));
		ok(complaints.length === 0, `${name}: no error and no breach of the policy`,
			complaints.join("\n"));
		await c.close();
	};
	return c;
}

async function accessible(page, path, name) {
	await page.goto(url + path);
	/* not as a script of the page: its policy would refuse that */
	await page.evaluate(axe);
	const result = await page.evaluate(() => window.axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"],
	}));
	ok(result.violations.length === 0, `${name}: ${path} is accessible`,
		result.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3)
			.map((n) => n.html.slice(0, 200)).join(" | ")).join("\n"));
}

/* ---- accessibility, light and dark ------------------------------------------------- */
for (const colorScheme of ["light", "dark"]) {
	const c = await context({ colorScheme }, colorScheme);
	const page = await c.newPage();
	for (const path of everywhere) await accessible(page, path, colorScheme);
	await page.goto(url + "/job/1");
	const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	ok(colorScheme === "dark" ? paper === "rgb(13, 17, 23)" : paper === "rgb(255, 255, 255)",
		`${colorScheme}: the paper`, paper);
	await c.finish();
}

/* ---- narrow screens ------------------------------------------------------------------- */
{
	const c = await context({ viewport: { width: 360, height: 740 } }, "narrow");
	const page = await c.newPage();
	for (const path of everywhere) {
		await page.goto(url + path);
		const width = await page.evaluate(() => document.documentElement.scrollWidth);
		ok(width <= 360, `narrow: ${path} fits`, `${width} px`);
	}
	await c.finish();
}

/* ---- by keyboard ------------------------------------------------------------------------ */
{
	const c = await context({}, "keyboard");
	const page = await c.newPage();
	await page.goto(url + "/job/1");
	await page.keyboard.press("Tab");
	ok(await page.evaluate(() => document.activeElement.className) === "skip",
		"keyboard: the first stop skips to the content");
	await page.keyboard.press("Enter");
	ok(await page.evaluate(() => document.activeElement.id) === "main",
		"keyboard: and it does");
	await page.locator("summary", { hasText: "Diff" }).focus();
	await page.keyboard.press("Enter");
	ok(await page.locator("pre.diff").isVisible(), "keyboard: the diff opens");
	await c.finish();
}

/* ---- without scripts ----------------------------------------------------------------------- */
{
	const c = await context({ javaScriptEnabled: false }, "no script");
	const page = await c.newPage();
	await page.goto(url + "/job/1");
	ok(await page.locator("svg.range .point").count() > 5, "no script: the range has levels");
	ok(await page.locator(".verdict.culprit").isVisible(), "no script: the culprit is named");
	await page.goto(url + "/branch/mainline");
	ok(await page.locator("figure.timeline svg").isVisible(), "no script: the timeline is drawn");
	await login(page);
	await page.goto(url + "/queue");
	await page.fill("#f-good", "c20");
	await page.fill("#f-bad", "c26");
	await page.click("main button");
	await page.waitForURL(url + "/queue/check");
	ok((await page.textContent("main")).includes("Queue this?"), "no script: a check comes first");
	await page.click("main button");
	await page.waitForURL(/\/job\/\d+$/);
	ok((await page.textContent("h1")).includes("c20..c26"), "no script: the job is queued");
	await c.finish();
}

/* ---- a range, from the form to its verdict, live --------------------------------------------- */
{
	const c = await context({}, "live");
	const page = await c.newPage();
	await login(page);
	await page.goto(url + "/queue");
	ok(await page.locator("#f-boots").isHidden(), "form: what a bisect does not need is hidden");
	await page.check("input[value=ab]");
	ok(await page.locator("#f-boots").isVisible(), "form: an A/B shows it");
	await page.check("input[value=bisect]");
	await page.fill("#f-good", "c0");
	await page.fill("#f-bad", "c39");
	await page.click("main button");
	await page.waitForURL(url + "/queue/check");
	await page.click("main button");
	await page.waitForURL(/\/job\/\d+$/);
	await page.evaluate(() => { window.notReloaded = true; });
	await page.waitForSelector(".verdict.culprit", { timeout: 120000 });
	ok(await page.evaluate(() => window.notReloaded), "live: the verdict comes without a reload");
	ok((await page.textContent(".verdict.culprit h2")).includes("change number 23"),
		"live: and it is the planted commit");
	ok(await page.locator("main button", { hasText: "Run again" }).count() === 1,
		"live: the buttons are those of an ended job");
	await page.click("text=Bisect a narrower range");
	await page.waitForURL(/good=/);
	ok((await page.inputValue("#f-good")).length === 40, "narrower: a range is proposed");
	await page.goto(url + "/queue?good=c0&bad=c38");
	await page.fill("#f-confidence", "0.9999");
	await page.click("main button");
	await page.waitForURL(url + "/queue/check");
	await page.click("main button");
	await page.waitForURL(/\/job\/\d+$/);
	const cancel = page.locator("main button", { hasText: "Cancel" });
	await cancel.click();
	await page.waitForSelector("h1 .badge.off", { timeout: 60000 });
	ok(true, "cancel: the job is cancelled");
	await page.click("text=Forget the token");
	await page.waitForURL(url + "/");
	await page.goto(url + "/job/1");
	ok(await page.locator("main button").count() === 0, "logout: no button is left");
	await c.finish();
}

/* ---- the timeline ------------------------------------------------------------------------------ */
{
	const c = await context({}, "timeline");
	const page = await c.newPage();
	await login(page);
	await page.goto(url + "/branch/mainline");
	await page.waitForSelector(".uplot canvas");
	ok(await page.locator("figure.timeline > svg").isHidden(), "timeline: the plot takes over");
	const box = await page.locator(".u-over").boundingBox();
	const at = (f) => [box.x + box.width * f, box.y + box.height / 2];
	const range = () => page.evaluate(() => document.querySelector(".u-legend").textContent);
	await page.mouse.move(...at(0.5));
	ok(/mm: change <\d+>/.test(await range()), "timeline: hovering names the commit", await range());
	await page.mouse.click(...at(0.5));
	ok(await page.locator(".picked a").count() === 1, "timeline: a click leads to the measurement");
	await page.mouse.click(...at(0.7));
	ok((await page.getAttribute(".picked a:last-child", "href")).includes("&good="),
		"timeline: two clicks propose a bisect");
	await page.mouse.move(...at(0.6));
	await page.mouse.down();
	await page.mouse.move(...at(0.8), { steps: 5 });
	await page.mouse.up();
	await page.mouse.move(...at(0.02));
	const first = Number(/change <(\d+)>/.exec(await range())[1]);
	ok(first > 100, "timeline: a drag zooms", first);
	await c.finish();
}

await browser.close();
done();
