// What the pages say, by the keys of the Fluent files: a story is told once and holds in both languages.

import { readFile, readdir } from "node:fs/promises";

const LOCALES = new URL("../../backend/server/locales/", import.meta.url);

/** Every one-line message of a language. */
async function messages(language) {
  const folder = new URL(`${language}/`, LOCALES);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ftl"));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), "utf8")));
  return new Map([...texts.join("\n").matchAll(/^([a-zA-Z0-9_-]+) = (.+)$/gm)].map(([, key, value]) => [key, value]));
}

/** Says a message in a language, with its values in place. */
async function voice(language) {
  const known = await messages(language);
  return (key, values = {}) => {
    const text = known.get(key);
    if (text === undefined) throw new Error(`no message "${key}" in ${language}`);
    return text.replace(/\{ \$([a-zA-Z]+) \}/g, (_, name) => values[name] ?? "");
  };
}

/** Both languages of the pages: what a browser asks for, and what the pages then say. */
export const LANGUAGES = [
  { name: "Swedish", tag: "sv", look: { locale: "sv-SE" }, say: await voice("sv"), minutes: "Protokoll (nivå 2)", service: "Skolportalen" },
  { name: "English", tag: "en", look: { locale: "en-GB" }, say: await voice("en"), minutes: "Minutes (level 2)", service: "The school portal" },
];

export const [SWEDISH, ENGLISH] = LANGUAGES;
