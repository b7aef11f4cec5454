// @ts-check
// The page that waits for a phone: a new picture each second, and the words of every state as the server says them.

const waiting = /** @type {HTMLElement} */ (document.querySelector("[data-login]"));
const picture = /** @type {HTMLImageElement | null} */ (document.getElementById("code"));
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const address = `/login/${waiting.dataset.login}`;
let state = waiting.dataset.state ?? "";

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Loads the next picture out of sight and swaps it when it is whole, so that the code never flickers. */
function move() {
  if (state !== "created") return;
  const next = new Image();
  next.onload = () => { if (picture) picture.src = next.src; };
  next.src = `${address}/kod.svg?t=${Date.now()}`;
}

/**
 * Nothing more comes: the way back is the one thing left to press.
 * @param {string | null} back
 */
function over(back) {
  status.className = "note bad";
  for (const open of document.querySelectorAll("[data-while-open]")) open.toggleAttribute("hidden", true);
  const link = /** @type {HTMLAnchorElement} */ (document.getElementById("back"));
  if (back) { link.href = back; link.hidden = false; }
}

async function watch() {
  for (;;) {
    try {
      const answer = await fetch(`${address}/status?seen=${encodeURIComponent(state)}`, { headers: { accept: "application/json" } });
      if (!answer.ok) { location.reload(); return; }
      const { state: now, words, next, back } = await answer.json();
      if (now !== state) {
        state = now;
        status.textContent = words;
        waiting.dataset.state = now;
        picture?.parentElement?.classList.toggle("used", now !== "created");
      }
      if (back || now === "consumed") over(back);
      if (next && back) await pause(4000); // a no: time to read the words
      if (next) location.assign(next);
      if (next || back || now === "consumed") return;
    } catch {
      await pause(1000); // no coverage for a moment: ask again
    }
  }
}

if (document.querySelector("[data-while-open]")) {
  setInterval(move, 1000);
  watch();
}
