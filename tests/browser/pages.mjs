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
	await audit(page, path, name);
}

/* What is shown now. */
async function audit(page, path, name) {
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
	ok(colorScheme === "dark" ? paper === "rgb(13, 17, 23)" : paper === "rgb(243, 245, 248)",
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
	ok(await page.locator("pre.diff").isVisible(), "a small diff is open");
	await page.locator("summary", { hasText: "Message" }).focus();
	await page.keyboard.press("Enter");
	ok(await page.locator(".verdict details[open] > pre:not(.diff)").isVisible(),
		"keyboard: the message opens");
	await page.locator("svg.range a").first().focus();
	await page.keyboard.press("Enter");
	ok(await page.locator("#c0").isVisible(), "keyboard: a level leads to its row, which is unfolded");
	await page.goto(url + "/branch/mainline");
	await page.waitForSelector(".uplot canvas");
	await page.locator(".u-over").focus();
	for (const key of ["Home", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
	ok((await page.textContent(".picked")).includes("mm: change <3>"), "keyboard: a point is chosen",
		await page.textContent(".picked"));
	for (const key of ["End", "ArrowLeft", "Enter"]) await page.keyboard.press(key);
	ok(/like=2.*&good=[0-9a-f]{40}&bad=[0-9a-f]{40}$/.test(await page.getAttribute(".picked a:last-child", "href")),
		"keyboard: two make a range");
	await page.keyboard.press("Home");
	for (const key of ["+", "+", "ArrowLeft"]) await page.keyboard.press(key);
	ok(await page.locator(".u-over").isVisible(), "keyboard: it zooms");
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
	await page.locator("svg a").first().click();
	ok(/\/run\/\d+$/.test(page.url()), "no script: a point leads to its measurement", page.url());
	await page.goto(url + "/branch/mainline");
	await page.locator("summary", { hasText: "choose two" }).click();
	ok(await page.locator("input[name=good]:checked").count() === 1, "no script: the change is proposed");
	await page.locator("input[name=good]").nth(9).check();
	await page.locator("button", { hasText: "Bisect between these" }).click();
	await page.fill("#f-token", process.env.TOKEN);
	await page.click("main button");
	await page.waitForURL(/\/queue\?what=bisect/);
	ok((await page.inputValue("#f-good")).length === 40 && (await page.inputValue("#f-bad")).length === 40,
		"no script: two points of the timeline make a range, by way of the token");
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
	ok(await page.locator("main button:not(.flame-tools button)").count() === 0,
		"logout: no button is left but those of graphs");
	await c.finish();
}

/* ---- several variants, from the form to their table ---------------------------------------------- */
{
	const c = await context({}, "variants");
	const page = await c.newPage();
	await login(page);
	await page.goto(url + "/queue");
	ok(await page.locator("#f-v2_rev").isHidden(), "variants: a bisect has none");
	await page.check("input[value=ab]");
	await page.fill("#f-good", "c0");
	await page.fill("#f-bad", "c24");
	await page.locator("summary", { hasText: "More variants" }).focus();
	await page.keyboard.press("Enter");
	await page.fill("#f-v2_rev", "c24");
	await page.fill("#f-v2_name", "undone");
	await page.fill("#f-v2_patch", process.env.PATCH);
	await audit(page, "/queue", "variants");
	await page.click("main form.queue button");
	await page.waitForURL(url + "/queue/check");
	ok((await page.textContent("main table")).includes("undone"), "variants: the check names them",
		await page.textContent("main"));
	await audit(page, "/queue/check", "variants");
	await page.click("main button");
	await page.waitForURL(/\/job\/\d+$/);
	await page.waitForSelector("#variants tr:has-text('undone') td:text-is('same')", { timeout: 120000 });
	ok(await page.locator("#variants tr:has-text('v1') td.worse").count() > 0,
		"variants: a patch that was pasted is applied, and only its side is as the base",
		await page.textContent("#variants"));
	await c.finish();
}

/* ---- flame graphs ------------------------------------------------------------------------------ */
{
	const c = await context({ viewport: { width: 1280, height: 900 } }, "flame");
	const page = await c.newPage();
	await page.goto(url + "/job/1/profile");
	const figure = page.locator("figure.flame").first();
	ok(await page.locator("figure.flame").count() === 4, "flame: all four graphs");
	const frame = (name) => figure.locator(`g.frame[data-name="${name}"]`).first();
	const width = async (name) => Number(await frame(name).locator("rect").getAttribute("width"));
	const whole = await figure.locator("svg").evaluate((svg) => svg.viewBox.baseVal.width);
	const before = await width("pv_ro_page_fault_[x]");
	ok(before > whole / 3, "flame: Xen's emulation is most of the change", `${before} of ${whole}`);
	await figure.locator("input[type=search]").fill("pv_ro_PAGE");
	const found = parseFloat(await figure.locator("output").textContent());
	ok(Math.abs(found - 100 * before / whole) < 1, "flame: a search tells the share of what it found",
		`${found} %, ${before} of ${whole}`);
	const lit = () => figure.locator('rect[fill="#e64fd2"]').count();
	ok(await lit() > 0, "flame: and marks it");
	await figure.locator("input[type=search]").fill("");
	ok(await lit() === 0, "flame: an empty search marks nothing");
	ok(await figure.locator("button").isHidden(), "flame: nothing to zoom out of");
	await frame("pv_ro_page_fault_[x]").click();
	ok(Math.abs(await width("pv_ro_page_fault_[x]") - whole) < 1, "flame: a click zooms",
		await width("pv_ro_page_fault_[x]"));
	ok(await figure.locator('g.frame[visibility="hidden"]').count() > 0,
		"flame: what is beside it goes");
	ok(Math.abs(await width("unmap_page_range_[k]") - whole) < 1, "flame: its callers fill the width");
	await figure.locator("button", { hasText: "Zoom out" }).click();
	ok(Math.abs(await width("pv_ro_page_fault_[x]") - before) < 0.5 &&
		await figure.locator('g.frame[visibility="hidden"]').count() === 0,
		"flame: zooming out brings all back", await width("pv_ro_page_fault_[x]"));
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
	ok(/^\/run\/\d+$/.test(await page.locator(".picked a").first().getAttribute("href")),
		"timeline: a click leads to the measurement");
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
