// @ts-check
// Reading, and the yes: an assertion whose challenge is the digest of what is shown, made behind the screen lock.
import { ask, canLock, say, sentence, unlocked } from "/assets/phone-wire.js";

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const approve = /** @type {HTMLButtonElement} */ (part("approve"));
const yes = /** @type {HTMLFormElement} */ (part("yes"));
const status = part("status");
const { approval = "", challenge = "", key = "", party = "" } = approve.dataset;
const address = `/phone/approvals/${approval}`;
const number = /** @type {HTMLInputElement | null} */ (document.getElementById("number"));
const buttons = /** @type {HTMLButtonElement[]} */ (Array.from(document.querySelectorAll("[data-read]")));

/** Pages shown of each document, kept while the tab lives: a phone may drop the page while somebody reads. */
const read = /** @type {number[]} */ (JSON.parse(sessionStorage.getItem(approval) ?? "null") ?? buttons.map(() => 0));
const pages = buttons.map((button) => Number(button.dataset.pages));
const isRead = () => pages.every((count, index) => read[index] === count);

/** What began at another screen is answered with the number that it shows. */
const hasNumber = () => !number || /^[1-9][0-9]$/.test(number.value.trim());

/** @type {Promise<void> | undefined} */
let told;

/** Tells the server that everything was shown; the server counts the pages too. Without pages nobody waits for it: the yes says so again. */
function tell() {
  if (!buttons.length) {
    told ??= Promise.resolve(void navigator.sendBeacon(`${address}/shown`, new Blob(["{}"], { type: "application/json" })));
    return told;
  }
  told ??= ask(`${address}/shown`, { pages_read: read });
  told.catch(() => { told = undefined; });
  return told;
}

/** What the numbers and the button say now. */
function count() {
  for (const [index, total] of pages.entries()) {
    const line = part(`read-${index + 1}`);
    if (read[index]) line.textContent = (line.dataset.said ?? "").replace("%1", `${read[index]}`).replace("%2", `${total}`);
  }
  approve.disabled = !isRead() || !hasNumber();
  const unread = document.getElementById("unread");
  if (unread) unread.hidden = isRead();
  if (isRead()) tell();
}

/** A yes is on its way: how it ends is told by its own answer. */
let isAnswering = false;

async function sign() {
  isAnswering = true;
  approve.disabled = true;
  say(status, status.dataset.waits ?? "");
  try {
    await tell();
    const signed = await unlocked({ challenge, key, party });
    for (const [name, value] of Object.entries(signed)) {
      const field = yes.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = value;
    }
    yes.submit(); // the browser follows the answer all the way to the service
  } catch (error) {
    isAnswering = false;
    say(status, sentence(error, status.dataset), "bad");
    approve.disabled = false;
  }
}

/** Shows a document's pages, one after another. A page counts when its picture is on the screen. */
function reading() {
  const reader = /** @type {HTMLDialogElement} */ (part("reader"));
  const picture = /** @type {HTMLImageElement} */ (part("reader-page"));
  const [title, where] = [part("reader-title"), part("reader-where")];
  const [next, back] = /** @type {HTMLButtonElement[]} */ ([part("reader-next"), part("reader-back")]);
  let [index, page] = [0, 1];

  /** @param {number} wanted */
  const turn = (wanted) => {
    page = wanted;
    const said = (where.dataset.said ?? "").replace("%1", `${page}`).replace("%2", `${pages[index]}`);
    where.textContent = said;
    picture.alt = `${title.textContent}. ${said}`;
    next.disabled = true;
    next.textContent = (page === pages[index] ? next.dataset.last : next.dataset.next) ?? "";
    back.disabled = page === 1;
    picture.src = `${address}/documents/${index + 1}/pages/${page}`;
    picture.parentElement?.scrollTo(0, 0);
  };
  picture.addEventListener("load", () => {
    next.disabled = false;
    if (page !== read[index] + 1) return;
    read[index] = page;
    sessionStorage.setItem(approval, JSON.stringify(read));
    count();
  });
  picture.addEventListener("error", () => { where.textContent = where.dataset.fails ?? ""; });
  next.addEventListener("click", () => { if (page === pages[index]) reader.close(); else turn(page + 1); });
  back.addEventListener("click", () => turn(page - 1));
  part("reader-close").addEventListener("click", () => reader.close());
  for (const [at, button] of buttons.entries()) {
    button.addEventListener("click", () => {
      index = at;
      title.textContent = button.dataset.title ?? "";
      reader.showModal();
      turn(Math.min(read[index] + 1, pages[index]));
    });
  }
}

/** Looks every second whether the question still stands; the page then says how it ended on the other screen. */
async function look() {
  const answer = await fetch(address, { headers: { accept: "application/json" } }).catch(() => undefined);
  if (answer?.status === 410 && !isAnswering) location.reload();
  else setTimeout(look, 1000);
}
setTimeout(look, 1000);

if (canLock()) {
  if (buttons.length) reading();
  approve.addEventListener("click", sign);
  yes.addEventListener("submit", (event) => { event.preventDefault(); if (!approve.disabled) sign(); }); // Enter in the number's field
  number?.addEventListener("input", count);
  count();
} else {
  say(status, status.dataset.impossible ?? "", "bad");
}
