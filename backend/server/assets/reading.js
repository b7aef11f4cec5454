// @ts-check
// Reads a document by scrolling: all pages lie below each other with the question after them, and the yes can be pressed when the end
// of every page has been in view. Without this script a button below the pages says that they are read.

const pages = document.querySelector(".pages");
if (pages) read([...pages.querySelectorAll("img")]);

/** @param {HTMLImageElement[]} pictures */
function read(pictures) {
  const left = new Set(pictures);
  const told = /** @type {HTMLElement} */ (document.querySelector("[data-said]"));
  const watcher = new IntersectionObserver(async (seen) => {
    for (const { isIntersecting, target } of seen) if (isIntersecting) await ends(/** @type {HTMLElement} */ (target));
  });
  /** @param {HTMLElement} end */
  async function ends(end) {
    const picture = /** @type {HTMLImageElement} */ (end.previousElementSibling);
    watcher.unobserve(end);
    // A page that cannot be shown is not read: the phone's own view says what to do.
    if (!(await picture.decode().then(() => true, () => false))) { location.replace("/demo/telefon"); return; }
    left.delete(picture);
    told.textContent = (told.dataset.said ?? "").replace("%1", String(pictures.length - left.size)).replace("%2", String(pictures.length));
    if (left.size === 0) allow();
  }
  for (const picture of pictures) {
    const end = document.createElement("i"); // a point below the page
    end.className = "page-end";
    picture.after(end);
    watcher.observe(end);
  }
}

/** Every page has been in view: says so with the yes. */
function allow() {
  document.querySelector("[name=has_read]")?.setAttribute("value", "true");
  document.querySelector("[value=approve]")?.removeAttribute("disabled");
}
