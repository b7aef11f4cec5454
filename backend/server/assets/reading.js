// @ts-check
// Reads a document by scrolling: when the end of a page has come into view, the next page is laid below it, and after the last page
// the question. The way back stays below the pages. Without this script each page has a button.

const view = document.querySelector('[data-view="reading"]');
if (view) read(view);

/** @param {Element} view */
function read(view) {
  const pages = /** @type {Element} */ (view.querySelector(".pages"));
  const end = document.createElement("div");
  view.querySelector("[data-turn] [value=next]")?.remove();
  pages.after(end);
  let busy = false;
  const watcher = new IntersectionObserver(async (seen) => {
    const last = pages.querySelector("figure:last-child img");
    if (busy || !seen.some((one) => one.isIntersecting) || !(last instanceof HTMLImageElement)) return;
    busy = true;
    await last.decode().catch(() => {});
    const isMore = await turn(pages, end);
    busy = false;
    watcher.unobserve(end);
    if (isMore) watcher.observe(end); // asks anew whether the end is in view
  });
  watcher.observe(end);
}

/**
 * @param {Element} pages
 * @param {Element} end
 */
async function turn(pages, end) {
  const answer = await fetch("/demo/telefon/tryck", { method: "POST", body: new URLSearchParams({ button: "next" }) });
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-view]");
  const figure = next?.querySelector(".pages figure");
  if (figure) {
    pages.append(document.adoptNode(figure));
    return true;
  }
  if (next?.getAttribute("data-view") === "approval") ask(end, document.adoptNode(next));
  else location.assign("/demo/telefon");
  return false;
}

/**
 * The question is the page's heading from here on, and has its own way back.
 * @param {Element} end
 * @param {Element} question
 */
function ask(end, question) {
  const title = document.querySelector('[data-view="reading"] > h1');
  const before = document.createElement("h2");
  before.textContent = title?.textContent ?? "";
  title?.replaceWith(before);
  document.querySelector('[data-view="reading"] > [data-turn]')?.remove();
  end.replaceWith(question);
}
