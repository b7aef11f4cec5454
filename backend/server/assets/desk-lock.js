// @ts-check
// A key that this browser reaches: its own, or by its own means one on a phone nearby. One signature takes the log-in, so that what is
// sent can be shown; another is the yes to it. Where there is no such browser, nothing of this is shown.
import { ask, canLock, say, sentence, unlocked } from "/assets/phone-wire.js";

const status = /** @type {HTMLElement} */ (document.getElementById("lock"));
const take = /** @type {HTMLButtonElement | null} */ (document.getElementById("take"));
const approve = /** @type {HTMLButtonElement | null} */ (document.getElementById("approve"));

/**
 * @param {HTMLButtonElement} button
 * @param {string} act
 * @param {() => void} then
 */
function offers(button, act, then) {
  const { login = "", challenge = "", key = "", party = "" } = button.dataset;
  button.disabled = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    say(status, status.dataset.waits ?? "");
    try {
      await ask(`/login/${login}/${act}`, await unlocked({ challenge, key, party, hints: key ? [] : ["hybrid"] }));
      status.hidden = true;
      then();
    } catch (error) {
      say(status, sentence(error, status.dataset), "bad");
      button.disabled = false;
    }
  });
}

if (canLock() && take) {
  document.getElementById("lock-way")?.removeAttribute("hidden");
  offers(take, "skarmlas", () => location.reload());
}
if (canLock() && approve) offers(approve, "godkann", () => {}); // the page that waits goes on by itself
