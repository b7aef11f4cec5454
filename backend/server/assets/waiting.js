// @ts-check
// A list in which something waits for somebody: looks every third second, and shows what has changed. Without this script the
// visitor loads the page again.

const watched = "[data-watch]";

async function look() {
  const shown = document.querySelector(watched);
  if (!shown?.hasAttribute("data-open")) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(watched);
    if (now && now.innerHTML !== shown.innerHTML) shown.replaceWith(document.adoptNode(now));
  } catch {
    // no coverage for a moment: the next look comes soon
  }
  setTimeout(look, 3000);
}

setTimeout(look, 3000);
