// SPDX-License-Identifier: GPL-2.0-or-later
// screenshots.mjs - pictures for README.
import { launch, url } from "./lib.mjs";

const browser = await launch();
for (const [name, path, colorScheme, height] of [
	["overview", "/", "light", 700],
	["bisect", "/job/1", "light", 1480],
	["bisect-dark", "/job/1", "dark", 1250],
	["ab", "/job/2", "light", 1200],
	["timeline", "/branch/mainline", "light", 700],
	["measurement", "/run/2", "light", 900],
]) {
	const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height } });
	await page.goto(url + path);
	await page.waitForTimeout(300);
	await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
	console.log(`${process.env.SHOTS}/${name}.png`);
	await page.close();
}
await browser.close();
