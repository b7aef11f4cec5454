// @ts-check
// The list of what waits to be signed.
import { ask, sentence } from "/assets/phone-wire.js";

const list = /** @type {HTMLElement} */ (document.getElementById("inbox"));
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
  const { items } = await ask("/phone/inbox");
  list.replaceChildren(...items.map(row));
  list.hidden = items.length === 0;
  words.hidden = items.length > 0;
  words.textContent = words.dataset.none ?? "";
} catch (error) {
  words.textContent = sentence(error, { again: words.dataset.fails });
}
