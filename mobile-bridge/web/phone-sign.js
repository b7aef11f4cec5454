// @ts-check
// Opens a document to sign: the server makes it ready, and the approval screen shows what it asks.
import { ask, say, sentence, toBytes } from "/assets/phone-wire.js";

const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const title = /** @type {HTMLElement} */ (document.getElementById("title"));
const { signature = "", language = "sv" } = status.dataset;

try {
  const claimed = await ask("/phone/approvals", { language, start: { by: "assigned", signature } });
  const approval = JSON.parse(new TextDecoder().decode(toBytes(claimed.approval)));
  location.replace(`/telefon/godkann/${approval.transaction}`);
} catch (error) {
  title.textContent = document.title = title.dataset.failed ?? "";
  say(status, sentence(error, status.dataset), "bad");
}
