// Pictures of what the tests saw: all of them in out/, which git ignores, and the few that the README shows in docs/pictures/.

import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "out");
const SHOWN = join(HERE, "../../docs/pictures");
/** What the README shows, by the name of the view. */
const IN_README = { "phone-invitation": "inbjudan", "phone-approval": "inloggning", "phone-reading": "underskrift", "demo-phone-no-coverage": "dorrar" };
const LARGEST = 150_000;

/** An empty folder for this run. */
export async function prepare() {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
}

/** Takes one picture of a page as it stands. */
export async function take(page, name) {
  await page.screenshot({ path: join(OUT, `${name}.png`), animations: "disabled", scale: "css" });
}

/** Puts the README's pictures in place. */
export async function show() {
  await mkdir(SHOWN, { recursive: true });
  for (const [view, name] of Object.entries(IN_README)) {
    const from = join(OUT, `${view}.png`);
    const { length } = await readFile(from);
    if (length > LARGEST) throw new Error(`${view}.png has ${length} bytes: too large for the README`);
    await copyFile(from, join(SHOWN, `${name}.png`));
  }
}
