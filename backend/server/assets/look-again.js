// @ts-check
// While a question stands on the demonstration's phone: asks every second whether it still does, so that what was ended on the
// other screen ends here too. Without this script the next tap says so.

const shown = document.querySelector("[data-view=\"approval\"]");

async function look() {
  try {
    const answer = await fetch("/demo/telefon/tryck", { method: "POST", body: new URLSearchParams({ button: "look" }), headers: { accept: "text/html" } });
    const main = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    const isOver = answer.ok && main && !main.querySelector("[data-view=\"approval\"]");
    if (isOver && shown?.isConnected) { document.querySelector("main")?.replaceWith(document.adoptNode(main)); return; }
  } catch {
    // no coverage for a moment: the next look comes soon
  }
  if (shown?.isConnected) setTimeout(look, 1000);
}

if (shown) setTimeout(look, 1000);
