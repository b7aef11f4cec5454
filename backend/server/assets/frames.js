// @ts-check
// The demonstration's two frames go along with each other: the desk goes on when the phone has got its work identity, the phone looks
// again when the desk has something new for it, and the list ticks what has been done. Without this script the visitor does it by
// hand, and the list is ticked when the page is loaded.

if (window.self !== window.top) location.replace("/demo/skrivbord");

const desk = /** @type {HTMLIFrameElement} */ (document.getElementById("desk"));
const phone = /** @type {HTMLIFrameElement} */ (document.getElementById("phone"));
/** @type {string | undefined} */
let told;

/**
 * What a frame shows when a step has been taken.
 * @type {[HTMLIFrameElement, string, number][]}
 */
const signs = [
  [desk, 'img[src^="/inbjudan/"]', 1], [phone, '[data-event="enrolled"]', 2], [desk, '[data-step="3"]', 3],
  [phone, '[data-event="signed"]', 4], [phone, '[data-event="opened"]', 5], [desk, '[data-fresh="blocked"]', 6],
];

/** @param {HTMLIFrameElement} frame */
function looks(frame) {
  frame.contentDocument?.documentElement.classList.add("framed");
  for (const [where, sign, number] of signs) if (where === frame && frame.contentDocument?.querySelector(sign)) ticks(number);
}

/** @param {number} number */
function ticks(number) {
  document.getElementById(`step-${number}`)?.classList.add("done");
  for (const step of document.querySelectorAll("[aria-current=step]")) step.removeAttribute("aria-current");
  const done = [...document.querySelectorAll(".minute .done")].at(-1);
  done?.nextElementSibling?.setAttribute("aria-current", "step");
}

// What the list leads to comes into view, also on a narrow screen where the desk lies below.
let isAwaited = false;
for (const link of document.querySelectorAll(".guide a[target=desk]")) link.addEventListener("click", () => { isAwaited = true; });

desk.addEventListener("load", () => {
  looks(desk);
  if (isAwaited) desk.scrollIntoView({ block: "nearest" });
  isAwaited = false;
  const fresh = /** @type {HTMLElement | null | undefined} */ (desk.contentDocument?.querySelector("[data-fresh]"))?.dataset.fresh;
  const isQuiet = phone.contentDocument?.querySelector('[data-view="home"], [data-view="new"]');
  if (fresh && fresh !== told && isQuiet) phone.contentWindow?.location.replace("/demo/telefon");
  told = fresh;
});

phone.addEventListener("load", () => {
  looks(phone);
  const event = /** @type {HTMLElement | null | undefined} */ (phone.contentDocument?.querySelector("[data-event]"))?.dataset.event;
  // On a narrow screen the frames lie below each other: what must be read comes into view.
  if (phone.contentDocument?.querySelector('[data-view="approval"]')) phone.scrollIntoView({ block: "nearest" });
  if (event === "enrolled") desk.contentWindow?.location.assign("/demo/skola/logga-in");
});

for (const frame of [desk, phone]) if (frame.contentDocument?.readyState === "complete") looks(frame);
