// The table "För människor" in docs/performance.md, between its two marks.

import { readFile, writeFile } from "node:fs/promises";

import { jobs as firstMinute } from "./first-minute.mjs";
import { jobs as passkey } from "./passkey.mjs";
import { PRICE, table } from "./people.mjs";

const PAGE = new URL("../../docs/performance.md", import.meta.url);
const [BEGIN, END] = ["<!-- people:begin -->", "<!-- people:end -->"];
const EMPTY = `# Performance\n\n## För människor\n\n${BEGIN}\n${END}\n`;

/** Writes what this run counted. */
export async function writeTable() {
  const page = await readFile(PAGE, "utf8").catch(() => EMPTY);
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/performance.md lacks ${BEGIN} … ${END}`);
  await writeFile(PAGE, `${before}${BEGIN}\n${words()}\n\n${table([...firstMinute, ...passkey])}\n${END}${after}`);
}

const words = () => [
  `Counted in a real browser by \`tests/browser\`, tap by tap: ${PRICE.screen / 1000} s to look at a screen (each page of a document is one),`,
  `${PRICE.key / 1000} s a key, ${PRICE.roundTrip / 1000} s for each page or answer that is waited for. What goes on in one frame while the person reads in`,
  "another costs no time. Picking a file counts as a screen and two taps; swipes are told apart from taps. A page that is asked for early is there",
  "no sooner than the answer it waits for. Each job ends when what it gave has been read, but for one: the second log-in \"from the question until the",
  "service answers\" begins with the question in view and ends before the service's own page is read; the row above it has both. The run fails where the desk",
  "takes more than 8 s, or the second log-in on the same phone more than one tap, 3 s from the question or 6 s from the link.",
].join("\n");
