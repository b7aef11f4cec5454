// node main.mjs ISSUER [PORT]: prints what the operator registers, and serves the page.

import { openSite } from "./site.mjs";

const [issuer, port = "3001"] = process.argv.slice(2);
const site = await openSite({ port: Number(port) });
site.connect(issuer);
console.log(`Register this page with the operator of ${issuer}:\n${site.registration}\nThen open ${site.address}`);
