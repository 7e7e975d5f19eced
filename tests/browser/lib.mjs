// SPDX-License-Identifier: GPL-2.0-or-later
// lib.mjs - a browser, and TAP.
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_MODULES + "/");
const { chromium } = require("playwright-core");
export const axe = require("axe-core").source;
export const url = process.env.URL;

export function launch() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu"],
	});
}

let count = 0, failed = 0;
export function ok(good, name, detail) {
	count++;
	if (!good) failed++;
	console.log(`${good ? "ok" : "not ok"} ${count} - ${name}`);
	if (!good && detail) console.log(String(detail).split("\n").map((l) => "# " + l).join("\n"));
}

export function done() {
	console.log(`1..${count}`);
	process.exitCode = failed ? 1 : 0;
}

export async function login(page) {
	await page.goto(url + "/login");
	await page.fill("#f-token", process.env.TOKEN);
	await page.click("main button");
	await page.waitForURL(url + "/");
}
