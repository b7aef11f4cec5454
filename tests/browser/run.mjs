// The pages in a real browser.
//
//   HANDSLAG_BINARY=… [HANDSLAG_CHROMIUM=…] node run.mjs [--only WORDS] [--pictures] [--write]
//
// --pictures puts the README's pictures in docs/pictures/, --write the table "För människor" in docs/performance.md; without them
// nothing outside out/ changes. Closes with the same line as `cargo test`, and ends only what it started.

import { close, open, shutAll } from "./browser.mjs";
import { closeAll, complaints } from "./municipality.mjs";
import * as pictures from "./pictures.mjs";
import { tell } from "./story.mjs";
import { writeTable } from "./table.mjs";

import "./first-minute.mjs";
import "./passkey.mjs";
import "./every-page.mjs";
import "./log-ins.mjs";

const wish = (name) => process.argv.includes(name);
const after = (name) => (wish(name) ? process.argv[process.argv.indexOf(name) + 1] : "");

async function ended() {
  await closeAll();
  await close();
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => ended().finally(() => process.exit(130)));

let isGreen = false;
try {
  await pictures.prepare();
  await open();
  isGreen = await tell(after("--only"), async (name) => {
    console.log(complaints());
    await shutAll((page) => pictures.take(page, `red ${name}`.replace(/[^a-zåäö0-9]+/gi, "-").slice(0, 80)));
    await closeAll();
  });
  if (isGreen && wish("--pictures")) await pictures.show();
  if (isGreen && wish("--write")) await writeTable();
} finally {
  await ended();
}
process.exit(isGreen ? 0 : 1); // after a red one a service of a story may still listen
