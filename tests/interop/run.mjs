// Other people's libraries against this provider: no one of them knows anything but the public addresses.
//
//   HANDSLAG_BINARY=… [HANDSLAG_CHROMIUM=…] node run.mjs [--only WORDS]
//
// Closes with the same line as `cargo test`, and ends only what it started.

import { close, open, shutAll } from "../browser/browser.mjs";
import { closeAll, complaints } from "../browser/municipality.mjs";
import { tell } from "../browser/story.mjs";

import "./examples.mjs";
import "./native-library.mjs";
import "./python-library.mjs";
import "./server-bounds.mjs";
import "./server-certificates.mjs";
import "./server-encryption.mjs";
import "./server-library.mjs";
import "./server-registration.mjs";

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";

async function ended() {
  await closeAll();
  await close();
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => ended().finally(() => process.exit(130)));

try {
  await open();
  const isGreen = await tell(only, async () => {
    console.log(complaints());
    await shutAll();
  });
  process.exitCode = isGreen ? 0 : 1;
} finally {
  await ended();
}
process.exit(); // a red test may have left an example's own server open
