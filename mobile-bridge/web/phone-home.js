// @ts-check
// The list of what waits: log-ins that services ask for, and documents to be signed.
import { ask, sentence } from "/assets/phone-wire.js";

const list = /** @type {HTMLElement} */ (document.getElementById("inbox"));
const logIns = /** @type {HTMLElement} */ (document.getElementById("log-ins"));
const words = /** @type {HTMLElement} */ (document.getElementById("inbox-words"));

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} text
 * @returns {HTMLElementTagNameMap[T]}
 */
function piece(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/** @param {{ approval: string, requester: string, organisation: string }} asked */
function question(asked) {
  const link = piece("a", "");
  link.href = `/telefon/fraga/${encodeURIComponent(asked.approval)}`;
  link.append(piece("b", asked.requester), piece("small", [logIns.dataset.asks, asked.organisation].filter(Boolean).join(" · ")));
  const line = piece("li", "");
  line.append(link);
  return line;
}

/** @param {{ signature: string, title: string, requester: string, pages: number }} item */
function row(item) {
  const said = item.pages === 1 ? words.dataset.page : words.dataset.pages?.replace("%1", `${item.pages}`);
  const tag = piece("span", said ?? "");
  tag.className = "tag";
  const link = piece("a", "");
  link.href = `/telefon/skriv-under/${encodeURIComponent(item.signature)}`;
  link.append(piece("b", item.title), tag, piece("small", words.dataset.by?.replace("%1", item.requester) ?? ""));
  const line = piece("li", "");
  line.append(link);
  return line;
}

try {
  const { items, log_ins } = await ask("/phone/inbox");
  logIns.replaceChildren(...log_ins.map(question));
  logIns.hidden = log_ins.length === 0;
  list.replaceChildren(...items.map(row));
  list.hidden = items.length === 0;
  words.hidden = items.length + log_ins.length > 0;
  words.textContent = words.dataset.none ?? "";
} catch (error) {
  words.textContent = sentence(error, { again: words.dataset.fails });
}
