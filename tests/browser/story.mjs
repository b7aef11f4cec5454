// The tests, told one after another. The last line is the one that cargo's tests end with, so that one command counts both.

const told = [];
let group = "";

/** Names what the following tests are about. */
export function about(name) {
  group = name;
}

/** Keeps a test until `tell` takes its turn. Tests of one group are one story: after a red one the rest cannot be told. */
export function test(name, body) {
  told.push({ group, name: `${group}: ${name}`, body });
}

/** Runs every test whose name holds `wanted`; gives whether all went well. `onRed` may look at what went wrong. */
export async function tell(wanted, onRed) {
  const chosen = told.filter(({ name }) => name.includes(wanted));
  console.log(`running ${chosen.length} tests`);
  const red = [];
  const broken = new Set();
  const started = Date.now();
  for (const { name, body, group: story } of chosen) {
    const before = Date.now();
    const failure = broken.has(story) ? "not reached" : await body().then(() => null, (error) => error);
    console.log(`test ${name} ... ${failure ? "FAILED" : "ok"} (${((Date.now() - before) / 1000).toFixed(1)} s)`);
    if (failure) {
      console.log(indented(failure.stack ?? String(failure)));
      red.push(name);
      if (!broken.has(story)) await onRed(name).catch((error) => console.log(indented(`no picture: ${error.message}`)));
      broken.add(story);
    }
  }
  const ignored = told.length - chosen.length;
  const seconds = ((Date.now() - started) / 1000).toFixed(2);
  console.log(`\ntest result: ${red.length === 0 ? "ok" : "FAILED"}. ${chosen.length - red.length} passed; ${red.length} failed; ${ignored} ignored; finished in ${seconds}s`);
  return red.length === 0 && chosen.length > 0;
}

const indented = (text) => text.replace(/^/gm, "    ");
