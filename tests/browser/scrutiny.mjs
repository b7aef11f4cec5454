// What every page must be: readable by a screen reader, in the dark, on a narrow phone, in letters twice as large, in the colours that
// a person has chosen, without things that move, and with buttons that a thumb meets.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LEAST_BUTTON = 52;
const NARROW = 320;
/** Words that docs/ord.md keeps off pages for people. */
const KEPT_OFF = "token|claim|scope|acr|amr|loa|digest|hash|credential|passkey|authenticator|oidc|openid|oauth|jwt|jwks|pkce|webauthn|nonce|api";
/** The page for engineers may use them. */
const FOR_ENGINEERS = "/demo/hur";

/** Every page that was looked at, by name, for the account at the end. */
export const looked = new Set();

/**
 * Looks at the page that stands open, in every way that people look at pages; `picture(name)` keeps each. Gives every fault found.
 */
export async function faults(page, name, { isPhone, picture }) {
  looked.add(name);
  const size = page.viewportSize();
  const found = [...(await bones(page)), ...(isPhone ? await smallButtons(page) : []), ...(await words(page)), ...(await spilt(page)), ...(await moving(page)), ...(await broken(page, "light"))];
  await picture(name);
  await page.emulateMedia({ colorScheme: "dark" });
  found.push(...(await broken(page, "dark")));
  await picture(`${name}-dark`);
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
  found.push(...(await edgeless(page)), ...(await broken(page, "forced colours")));
  await picture(`${name}-forced`);
  await page.emulateMedia({ forcedColors: "none" });
  await page.setViewportSize({ width: NARROW, height: 640 });
  found.push(...(await overflow(page, `at ${NARROW} px`)), ...(await spilt(page)));
  await picture(`${name}-320`);
  await enlarge(page, "200%");
  found.push(...(await overflow(page, `at ${NARROW} px in double letters`)), ...(await spilt(page)));
  await picture(`${name}-200`);
  await page.setViewportSize(size);
  found.push(...(await overflow(page, `at ${size.width} px in double letters`)));
  await enlarge(page, "");
  return found.map((fault) => `${name}: ${fault}`);
}

/** Letters as large as the person has set them. */
const enlarge = (page, size) => page.evaluate((size) => { document.documentElement.style.fontSize = size; }, size);

/**
 * As `faults`, and red at the first page with one. A page that can be opened again is looked at in English too, in a window of its own
 * beside this one.
 */
export async function scrutinise(page, name, how) {
  const found = await faults(page, name, { ...how, picture: (view) => how.picture(view, page) });
  if (how.again) {
    const beside = await page.context().newPage();
    await beside.goto(spoken(page.url(), "en"));
    assert.equal(await beside.locator("html").getAttribute("lang"), "en", `${name} in English`);
    found.push(...(await faults(beside, `${name}-en`, { ...how, picture: (view) => how.picture(view, beside) })));
    await beside.goto(spoken(page.url(), "sv")); // the choice is the browser's, not the window's
    await beside.close();
  }
  assert.deepEqual(found, [], `${found.length} faults on ${name}`);
}

/** The same page in a language. */
function spoken(address, language) {
  const page = new URL(address);
  page.searchParams.set("lang", language);
  return page.href;
}

/** Words that no person should meet: those of protocols, and names of texts that are missing. */
export async function words(page) {
  // An address is no word, and on a service's page its administrator reads the name of the rules as they are called.
  const shown = (await page.locator("body").innerText()).replace(/https?:\/\/\S+/g, "").replaceAll("OAuth 2.1", "");
  const isForEngineers = new URL(page.url()).pathname === FOR_ENGINEERS;
  const jargon = isForEngineers ? [] : shown.match(new RegExp(`(?<![\\p{L}-])(${KEPT_OFF})(?![\\p{L}-])`, "giu")) ?? [];
  const missing = shown.split("\n").filter((line) => /^[a-z]+(-[a-z0-9]+)+$/.test(line.trim()));
  return [...jargon, ...missing].map((word) => `"${word}" is no word for people`);
}

/** Language, title, one heading. */
async function bones(page) {
  const { lang, title, headings } = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title.trim(),
    headings: document.querySelectorAll("h1").length,
  }));
  const found = [];
  if (!["sv", "en"].includes(lang)) found.push(`the page's language is "${lang}"`);
  if (!title) found.push("the page has no title");
  if (headings !== 1) found.push(`the page has ${headings} main headings`);
  return found;
}

async function smallButtons(page) {
  const small = await page.evaluate((least) => {
    const all = [...document.querySelectorAll("button, a.button, summary, input[type=submit], input[type=file], input[type=text], select")];
    const shown = all.filter((element) => element.checkVisibility());
    return shown.map((element) => ({ words: (element.textContent || element.getAttribute("name") || "").trim(), height: element.getBoundingClientRect().height }))
      .filter(({ height }) => height < least - 0.5);
  }, LEAST_BUTTON);
  return small.map(({ words, height }) => `"${words}" is ${height.toFixed(0)} px high`);
}

async function broken(page, scheme) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const answer = await window.axe.run(document, { resultTypes: ["violations"], iframes: false });
    return answer.violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target.join(" ")).join(", ")})`);
  });
  return violations.map((violation) => `${scheme}: ${violation}`);
}

/** Words that run out of their own box lie over others. */
async function spilt(page) {
  const words = await page.evaluate(() => {
    const over = [];
    const scrolls = (element) => element !== null && (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const box = text.parentElement;
      const range = document.createRange();
      range.selectNodeContents(text);
      // What only a screen reader reads is a box of one pixel.
      const isShown = text.textContent.trim() && box.checkVisibility() && getComputedStyle(box).display !== "inline" && box.getBoundingClientRect().width > 1 && !scrolls(box);
      if (isShown && range.getBoundingClientRect().right > box.getBoundingClientRect().right + 1) over.push(text.textContent.trim());
    }
    return over;
  });
  return words.map((text) => `"${text}" runs out of its box`);
}

/**
 * Without colours of its own a control or a card is seen by its edge alone; what is only underlined is a link, and a box to tick is
 * drawn by the system.
 */
async function edgeless(page) {
  const names = await page.evaluate(() => {
    const all = [...document.querySelectorAll("button, a.button, select, input:not([type=hidden], [type=checkbox]), iframe, .card, .note, .tag")];
    const edge = (element, part) => {
      const { borderTopStyle, borderTopWidth } = getComputedStyle(element, part);
      return borderTopStyle !== "none" && parseFloat(borderTopWidth) >= 1;
    };
    const isLink = (element) => getComputedStyle(element).textDecorationLine === "underline";
    const has = (element) => edge(element, null) || isLink(element) || (element.matches(".switch") && edge(element, "::after"));
    return all.filter((element) => element.checkVisibility() && !has(element)).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  });
  return names.map((name) => `forced colours: ${name} has no edge`);
}

/** Whoever asks for calm gets it. */
async function moving(page) {
  const names = await page.evaluate(() => {
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) return ["the window does not ask for calm"];
    const seconds = (times) => Math.max(...times.split(",").map(parseFloat));
    const moves = (element) => [null, "::before", "::after"].some((part) => {
      const { transitionDuration, animationName } = getComputedStyle(element, part);
      return seconds(transitionDuration) > 0 || animationName !== "none";
    });
    return [...document.querySelectorAll("*")].filter(moves).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  });
  return names.map((name) => `${name} moves although the person asks for calm`);
}

async function overflow(page, where) {
  const { wide, widest } = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const over = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > room + 0.5);
    return { wide: document.documentElement.scrollWidth - room, widest: over.slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`) };
  });
  return wide > 0 ? [`${wide} px too wide ${where}: ${widest.join(", ")}`] : [];
}

/** On paper: black on white, nothing to press, everything within the sheet, no line cut in two. */
export async function onPaper(page, name, picture) {
  const size = page.viewportSize();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize(A4);
  const found = [...(await overflow(page, "on paper")), ...(await spilt(page)), ...(await unprintable(page)), ...(await broken(page, "paper"))];
  await picture(`${name}-paper`);
  await page.setViewportSize(size);
  await page.emulateMedia({ media: null, colorScheme: "light" });
  return found.map((fault) => `${name}: ${fault}`);
}

/** A sheet's width and height at 96 points an inch. */
const A4 = { width: 794, height: 1123 };

async function unprintable(page) {
  return page.evaluate(() => {
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
    const found = shown("button, a.button, nav, select, input, .skip, .language").map((element) => `"${element.textContent?.trim()}" is nothing for paper`);
    const { color, backgroundColor } = getComputedStyle(document.body);
    if (color !== "rgb(0, 0, 0)" || backgroundColor !== "rgb(255, 255, 255)") found.push(`${color} on ${backgroundColor}`);
    for (const row of shown(".row, dt, dd")) if (getComputedStyle(row).breakInside !== "avoid") found.push(`"${row.textContent?.trim()}" may be cut in two`);
    if (shown("h1").length !== 1) found.push("the sheet has no heading");
    return found;
  });
}
