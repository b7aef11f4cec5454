// @ts-check
// The demonstration's two frames go along with each other: the desk goes on when the phone has got its work identity, and the phone
// looks again when the desk has something new for it. Without this script the visitor does both by hand.

if (window.self !== window.top) location.replace("/demo/skrivbord");

const desk = /** @type {HTMLIFrameElement} */ (document.getElementById("desk"));
const phone = /** @type {HTMLIFrameElement} */ (document.getElementById("phone"));
/** @type {string | undefined} */
let told;

desk.addEventListener("load", () => {
  const fresh = /** @type {HTMLElement | null | undefined} */ (desk.contentDocument?.querySelector("[data-fresh]"))?.dataset.fresh;
  const isQuiet = phone.contentDocument?.querySelector('[data-view="home"], [data-view="new"]');
  if (fresh && fresh !== told && isQuiet) phone.contentWindow?.location.replace("/demo/telefon");
  told = fresh;
});

phone.addEventListener("load", () => {
  const event = /** @type {HTMLElement | null | undefined} */ (phone.contentDocument?.querySelector("[data-event]"))?.dataset.event;
  // On a narrow screen the frames lie below each other: what must be read comes into view.
  if (phone.contentDocument?.querySelector('[data-view="reading"], [data-view="approval"]')) phone.scrollIntoView({ block: "nearest" });
  if (event === "enrolled") desk.contentWindow?.location.assign("/demo/skola/logga-in");
});
